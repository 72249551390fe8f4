/** What runs is the file, so it has to be as the page shows it. */
import type { NotebookPanel } from '@jupyterlab/notebook';
import { ApiError } from '../api';

/** The notebook could not be saved, so it was not run. */
export class NotSavedError extends ApiError {
  constructor(reason: string) {
    super(0, reason);
    this.name = 'NotSavedError';
  }
}

/** The user said in JupyterLab's dialog about a changed file that it is not to be saved: there is nothing to tell. */
export class NotWantedError extends Error {}

/** Save a notebook that has changes; rejects with a NotSavedError. */
export async function saved({ context }: NotebookPanel): Promise<void> {
  if (!context.model.dirty) {
    return;
  }
  if (context.model.readOnly || context.contentsModel?.writable === false) {
    throw new NotSavedError('read-only');
  }
  const before = [...(context.model.sharedModel?.cells ?? [])];
  try {
    await context.save();
  } catch (error) {
    if (error instanceof Error && error.name === 'ModalCancelError') {
      throw new NotWantedError();
    }
    throw new NotSavedError(error instanceof Error ? error.message : String(error));
  }
  // The dialog's Revert counts as saving, and loads the file: all cells are new ones.
  const now = new Set(context.model.sharedModel?.cells);
  if (before.length && !before.some(cell => now.has(cell))) {
    throw new NotWantedError();
  }
  if (context.model.dirty && context.model.sharedModel) {
    // A change made while it was saved would not run: once more, then it is told.
    await context.save().catch(() => undefined);
    if (context.model.dirty) {
      throw new NotSavedError('');
    }
  }
}
