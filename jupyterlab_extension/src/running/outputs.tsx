/** The outputs of a step, drawn by Lab's own renderers, as untrusted ones: HTML is sanitised, no script runs. */
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { TranslationBundle } from '@jupyterlab/translation';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import * as React from 'react';
import { ApiError, IRun } from '../api';
import type { NotebookRuns } from '../runs';
import { IShownCell, IShownOutput, shownCells } from './bounded';
import { userCell } from './events';
import { size } from './format';
import { LinkButton } from './parts';

/** Milliseconds between two looks at the outputs of a step that runs. */
const LOOK = 2000;

export function StepOutputs(props: {
  runs: NotebookRuns;
  run: IRun;
  name: string;
  trans: TranslationBundle;
  openWhole?: () => void;
}): JSX.Element {
  const { runs, run, name, trans, openWhole } = props;
  const step = run.steps[name];
  const cells = useStepCells(runs, run, name);
  if (cells instanceof ApiError) {
    const none = cells.status === 404;
    return <p className="jp-KaleLite-muted">{none ? trans.__('No outputs yet.') : cells.message}</p>;
  }
  if (!cells) {
    return <p className="jp-KaleLite-muted">{trans.__('Loading…')}</p>;
  }
  if (!cells.length) {
    return (
      <p className="jp-KaleLite-muted">
        {step.status === 'running' ? trans.__('No outputs yet.') : trans.__('This step has put nothing out.')}
      </p>
    );
  }
  return (
    <div className="jp-KaleLite-Outputs">
      {cells.map(cell => (
        <CellOutputs key={cell.cell} cell={cell} runs={runs} run={run} trans={trans} openWhole={openWhole} />
      ))}
    </div>
  );
}

/** The cells of a step with their outputs: fetched when it is looked at, again while it runs, and when it has ended. */
function useStepCells(runs: NotebookRuns, run: IRun, name: string): IShownCell[] | ApiError | null {
  const { slug, status } = run.steps[name];
  const [found, setFound] = React.useState<IShownCell[] | ApiError | null>(null);
  React.useEffect(() => {
    let over = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const load = async (): Promise<void> => {
      try {
        const notebook = await runs.stepNotebook(run.id, slug);
        if (!over) {
          setFound(shownCells(notebook));
        }
      } catch (error) {
        if (!over) {
          setFound(error instanceof ApiError ? error : new ApiError(0, String(error)));
        }
      }
      if (!over && status === 'running') {
        timer = setTimeout(() => void load(), LOOK);
      }
    };
    void load();
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [runs, run.id, slug, status]);
  return found;
}

function CellOutputs(props: {
  cell: IShownCell;
  runs: NotebookRuns;
  run: IRun;
  trans: TranslationBundle;
  openWhole?: () => void;
}): JSX.Element {
  const { cell, runs, run, trans, openWhole } = props;
  const place = userCell(run, cell.cell);
  const label = place.notebook
    ? trans.__('Cell %1 of %2', String(place.cell), place.notebook)
    : trans.__('Cell %1', String(place.cell));
  const index = place.notebook ? -1 : runs.indexOf(place.cell);
  const whole = openWhole ? <LinkButton onClick={openWhole}>{trans.__('Open the whole step')}</LinkButton> : null;
  return (
    <div className="jp-KaleLite-CellOutputs">
      <div className="jp-KaleLite-CellOutputs-head">
        {index < 0 ? label : <LinkButton onClick={() => void runs.pipeline.reveal({ index, line: 0 })}>{label}</LinkButton>}
      </div>
      {cell.outputs.map((output, at) => (
        <React.Fragment key={at}>
          {output.bundle ? <Rendered output={output} rendermime={runs.pipeline.panel.content.rendermime} /> : null}
          {output.cut ? (
            <p className="jp-KaleLite-muted">
              {trans.__('%1 more are not shown here.', size(output.cut))} {whole}
            </p>
          ) : null}
        </React.Fragment>
      ))}
      {cell.more ? (
        <p className="jp-KaleLite-muted">
          {trans._n('%1 more output is not shown here.', '%1 more outputs are not shown here.', cell.more, cell.more)} {whole}
        </p>
      ) : null}
    </div>
  );
}

/** One output, drawn by the renderer of its best kind. */
function Rendered(props: { output: IShownOutput; rendermime: IRenderMimeRegistry }): JSX.Element {
  const { output, rendermime } = props;
  const host = React.useRef<HTMLDivElement>(null);
  const data = JSON.stringify(output.bundle);
  React.useLayoutEffect(() => {
    const bundle = output.bundle;
    const mime = bundle && rendermime.preferredMimeType(bundle, 'ensure');
    if (!bundle || !mime || !host.current) {
      return;
    }
    const renderer = rendermime.createRenderer(mime);
    renderer.addClass('jp-OutputArea-output');
    MessageLoop.sendMessage(renderer, Widget.Msg.BeforeAttach);
    host.current.appendChild(renderer.node);
    MessageLoop.sendMessage(renderer, Widget.Msg.AfterAttach);
    const model = rendermime.createModel({ data: bundle, metadata: output.metadata, trusted: false });
    renderer.renderModel(model).catch(error => {
      renderer.node.textContent = String(error);
    });
    return () => {
      MessageLoop.sendMessage(renderer, Widget.Msg.BeforeDetach);
      renderer.node.remove();
      MessageLoop.sendMessage(renderer, Widget.Msg.AfterDetach);
      renderer.dispose();
    };
  }, [data, rendermime]);
  return <div ref={host} className={`jp-KaleLite-Rendered ${output.isError ? 'jp-mod-error' : ''}`} />;
}
