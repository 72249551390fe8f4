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

/** Save a notebook that has changes; rejects with a NotSavedError. */
export async function saved({ context }: NotebookPanel): Promise<void> {
  if (!context.model.dirty) {
    return;
  }
  if (context.model.readOnly || context.contentsModel?.writable === false) {
    throw new NotSavedError('read-only');
  }
  try {
    await context.save();
  } catch (error) {
    throw new NotSavedError(error instanceof Error ? error.message : String(error));
  }
  if (context.model.dirty && context.model.sharedModel) {
    // A change made while it was saved would not run: once more, then it is told.
    await context.save().catch(() => undefined);
    if (context.model.dirty) {
      throw new NotSavedError('');
    }
  }
}
