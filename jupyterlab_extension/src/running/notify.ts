/** The end of a long run, told to who looks elsewhere meanwhile. */
import { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import type { IDiagnostic, IRun } from '../api';
import type { NotebookRuns } from '../runs';
import type { IKaleLite } from '../tokens';
import { firstError, progressOf } from './events';
import { duration } from './format';
import { openReport } from './opening';
import { failureText } from './words';

interface IContext {
  app: JupyterFrontEnd;
  kale: IKaleLite;
  trans: TranslationBundle;
}

/** Tell that a run has ended, if it took longer than `after` seconds or nobody sees the page. */
export function notifyEnd(context: IContext, runs: NotebookRuns, run: IRun, after: number): void {
  if (run.seconds < after && !document.hidden) {
    return;
  }
  const { trans } = context;
  const time = duration(run.seconds);
  const error = firstError(run);
  const actions = actionsFor(context, runs, run, error);
  if (run.status === 'done') {
    const steps = progressOf(run).total;
    Notification.success(
      trans._n('%2: %1 step done in %3', '%2: %1 steps done in %3', steps, run.pipeline, time),
      { actions, autoClose: 10_000 }
    );
  } else if (run.status === 'interrupted') {
    Notification.warning(trans.__('%1: interrupted after %2', run.pipeline, time), { actions, autoClose: 10_000 });
  } else {
    const why = error ? trans.__('Step %1: %2', error.step, failureText(error.finding)) : '';
    Notification.error(trans.__('%1: failed after %2. %3', run.pipeline, time, why), { actions, autoClose: false });
  }
}

function actionsFor(
  context: IContext,
  runs: NotebookRuns,
  run: IRun,
  error: { finding: IDiagnostic } | null
): Notification.IAction[] {
  const { app, trans } = context;
  const actions: Notification.IAction[] = [];
  if (error && runs.placeOf(error.finding) >= 0) {
    actions.push({
      label: trans.__('Show cell'),
      displayType: 'accent',
      callback: () => {
        if (!runs.pipeline.panel.isDisposed) {
          app.shell.activateById(runs.pipeline.panel.id);
          void runs.pipeline.reveal({ index: runs.placeOf(error.finding), line: error.finding.line });
        }
      }
    });
  }
  if (run.target === 'local') {
    actions.push({ label: trans.__('Open report'), callback: () => void openReport(context, run.id) });
  }
  return actions;
}
