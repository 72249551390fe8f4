/** Steps that are suggested: what each cell would be and why, and the graph that this gives. */
import * as React from 'react';
import type { ISuggestion } from '../api';
import type { NotebookPipeline } from '../model';
import { useSignal } from '../running/hooks';
import { Finding, sorted } from './findings';
import { Graph } from './graph';
import { IViewProps, RoleIcon, Swatch } from './parts';
import { shortened } from './layout';
import { pipelineText, roleWord } from './words';

/** The places of steps, for their colours: those that the notebook has keep theirs, suggested ones come after them. */
export function suggestedIndex(pipeline: NotebookPipeline, { cells, pipeline: graph }: ISuggestion): (name: string) => number {
  const names = [...(pipeline.analysis?.cells ?? []), ...cells].map(one => one.step).filter(Boolean);
  const steps = [...new Set(names)];
  const within = (name: string): string => graph?.steps.find(one => one.name === name)?.within[0] ?? '';
  return name => (steps.includes(name) ? steps.indexOf(name) : steps.indexOf(within(name)));
}

export function SuggestionView(props: IViewProps): JSX.Element | null {
  const { pipeline, trans } = props;
  const { suggesting } = pipeline;
  useSignal(suggesting.changed);
  if (suggesting.isAsking) {
    return (
      <div className="jp-KaleLite-suggestion" role="status">
        {trans.__('Looking for steps…')}
      </div>
    );
  }
  if (suggesting.failure) {
    return (
      <div className="jp-KaleLite-suggestion" role="alert">
        <p>{trans.__('No steps could be suggested: %1', suggesting.failure.message)}</p>
        <ul className="jp-KaleLite-findings">
          {suggesting.failure.diagnostics.map((one, at) => (
            <Finding key={at} finding={one} pipeline={pipeline} trans={trans} />
          ))}
        </ul>
        <button type="button" className="jp-KaleLite-button" onClick={() => suggesting.dismiss()}>
          {trans.__('Close')}
        </button>
      </div>
    );
  }
  if (suggesting.suggestion) {
    return <Preview {...props} suggestion={suggesting.suggestion} />;
  }
  return suggesting.canTakeBack ? <Accepted {...props} /> : null;
}

function Accepted({ pipeline, trans }: IViewProps): JSX.Element {
  return (
    <div className="jp-KaleLite-suggestion" role="status">
      <p>{trans.__('The suggested tags are in the notebook.')}</p>
      <div className="jp-KaleLite-buttons">
        <button type="button" className="jp-KaleLite-button" onClick={() => pipeline.suggesting.dismiss()}>
          {trans.__('Keep')}
        </button>
        <button type="button" className="jp-KaleLite-button" onClick={() => pipeline.suggesting.takeBack()}>
          {trans.__('Take back')}
        </button>
      </div>
    </div>
  );
}

function Preview(props: IViewProps & { suggestion: ISuggestion }): JSX.Element {
  const { kale, pipeline, trans, suggestion } = props;
  const { suggesting } = pipeline;
  const indexOf = suggestedIndex(pipeline, suggestion);
  const isNothing = !Object.keys(suggestion.tags).length;
  const heading = React.useRef<HTMLHeadingElement>(null);
  React.useEffect(() => heading.current?.focus(), []);
  return (
    <div className="jp-KaleLite-suggestion">
      <h3 ref={heading} tabIndex={-1}>
        {isNothing ? trans.__('Nothing to suggest: every cell has its place') : trans.__('Suggested steps')}
      </h3>
      {suggestion.pipeline && !isNothing && (
        <Graph
          pipeline={suggestion.pipeline}
          direction={kale.settings.graphDirection}
          trans={trans}
          label={trans.__('The graph of the suggested steps')}
          activeStep=""
          hoveredStep=""
          indexOf={indexOf}
          worstOf={() => ''}
          stateOf={() => undefined}
          stateText={() => ''}
          describe={pipelineText}
          onPoint={() => undefined}
          onOpen={name => {
            const cell = suggestion.cells.find(one => one.step === name);
            if (cell) {
              void pipeline.reveal({ index: cell.cell - 1, line: 0 });
            }
          }}
          onMenu={() => undefined}
        />
      )}
      {!isNothing && (
        <ol className="jp-KaleLite-choices">
          {suggestion.cells.map(cell => (
            <li key={cell.cell} className={cell.proposed ? 'jp-mod-proposed' : ''}>
              <button
                type="button"
                className="jp-KaleLite-choice"
                title={trans.__('Show cell %1', String(cell.cell))}
                onClick={() => void pipeline.reveal({ index: cell.cell - 1, line: 0 })}
              >
                <span className="jp-KaleLite-quiet">{cell.cell}</span>
                {cell.step ? <Swatch index={indexOf(cell.step)} /> : <RoleIcon role={cell.role} />}
                <span className="jp-KaleLite-choiceName">{cell.step || roleWord(cell.role, trans)}</span>
                <code>{shortened(cell.first_line, 60)}</code>
              </button>
              {cell.why && <p className="jp-KaleLite-hint">{cell.why}</p>}
            </li>
          ))}
        </ol>
      )}
      <ul className="jp-KaleLite-findings">
        {sorted(suggestion.diagnostics).map((one, at) => (
          <Finding key={at} finding={one} pipeline={pipeline} trans={trans} />
        ))}
      </ul>
      {suggesting.isOutdated && (
        <p className="jp-KaleLite-problem" role="alert">
          {trans.__('Cells were added, removed or moved meanwhile. Ask again.')}
        </p>
      )}
      <div className="jp-KaleLite-buttons">
        {!isNothing && !suggesting.isOutdated && (
          <button type="button" className="jp-KaleLite-button jp-mod-primary" onClick={() => suggesting.accept()}>
            {trans.__('Accept')}
          </button>
        )}
        {suggesting.isOutdated && (
          <button type="button" className="jp-KaleLite-button jp-mod-primary" onClick={() => void suggesting.ask()}>
            {trans.__('Ask again')}
          </button>
        )}
        <button type="button" className="jp-KaleLite-button" onClick={() => suggesting.dismiss()}>
          {isNothing ? trans.__('Close') : trans.__('Dismiss')}
        </button>
      </div>
    </div>
  );
}
