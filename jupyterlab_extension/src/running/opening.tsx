/** What opens in Lab's main area: reports, comparisons, what a notebook compiles to. */
import { JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget, Notification } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { ApiError, IRun } from '../api';
import { pipelineIcon } from '../icons';
import type { NotebookPipeline } from '../model';
import type { IKaleLite } from '../tokens';
import { Comparison } from './comparison';
import { Preview } from './preview';

export interface IOpening {
  app: JupyterFrontEnd;
  kale: IKaleLite;
  trans: TranslationBundle;
}

/** Show a widget in the main area; one with the same id is shown instead of a second one. */
function show(app: JupyterFrontEnd, id: string, label: string, caption: string, make: () => Widget): void {
  for (const open of app.shell.widgets('main')) {
    if (open.id === id) {
      app.shell.activateById(id);
      return;
    }
  }
  const widget = new MainAreaWidget({ content: make() });
  widget.id = id;
  widget.title.label = label;
  widget.title.caption = caption;
  widget.title.icon = pipelineIcon;
  widget.title.closable = true;
  widget.toolbar.hide();
  app.shell.add(widget, 'main');
  app.shell.activateById(id);
}

/** The report of a run, in a frame that runs no scripts and has no origin. */
export async function openReport({ app, kale, trans }: IOpening, id: number): Promise<void> {
  let run: IRun;
  try {
    run = await kale.api.run(id);
    if (!run.report) {
      throw new ApiError(404, trans.__('run %1 has no report', String(id)));
    }
  } catch (error) {
    refused(error, trans.__('The report cannot be shown'));
    return;
  }
  show(app, `kale-lite-report-${id}`, trans.__('Report of run %1', String(id)), run.folder ?? '', () => {
    const content = new Widget({ node: document.createElement('iframe') });
    const frame = content.node as HTMLIFrameElement;
    frame.setAttribute('sandbox', '');
    frame.title = trans.__('Report of run %1', String(id));
    frame.src = kale.api.reportUrl(id);
    content.addClass('jp-KaleLite-Report');
    return content;
  });
}

/** Two runs or more, side by side. */
export async function openComparison({ app, kale, trans }: IOpening, ids: readonly number[]): Promise<void> {
  let runs: IRun[];
  try {
    runs = await Promise.all([...ids].sort((a, b) => a - b).map(id => kale.api.run(id)));
  } catch (error) {
    refused(error, trans.__('The runs cannot be compared'));
    return;
  }
  const names = runs.map(run => String(run.id)).join(', ');
  show(app, `kale-lite-compare-${names.replace(/, /g, '-')}`, trans.__('Runs %1', names), runs[0]?.pipeline ?? '', () =>
    new Comparison(runs, trans)
  );
}

/** What the notebook compiles to for Kubeflow Pipelines, as it stands in the page. */
export function openPreview({ app, kale, trans }: IOpening, pipeline: NotebookPipeline): void {
  const name = pipeline.path.split('/').pop() ?? '';
  show(app, `kale-lite-preview-${pipeline.panel.id}`, trans.__('%1 compiled', name), pipeline.path, () =>
    new Preview(kale.api, pipeline, trans)
  );
}

function refused(error: unknown, what: string): void {
  const { message, hint } = error as ApiError;
  Notification.error([`${what}: ${message}`, hint].filter(Boolean).join('. '), { autoClose: 10_000 });
}
