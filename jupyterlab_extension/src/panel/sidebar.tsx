/** The side panel: the pipeline of the notebook in front, and its runs. */
import { ReactWidget } from '@jupyterlab/ui-components';
import { IStateDB } from '@jupyterlab/statedb';
import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import * as React from 'react';
import { RunBar } from '../running/bar';
import { HistorySection } from '../running/history';
import { useCurrent, useSignal } from '../running/hooks';
import { KfpSection } from '../running/kfp';
import { RunSection } from '../running/run';
import { CommandIDs, IKaleLite } from '../tokens';
import { FindingCounts, FindingsList } from './findings';
import { GraphSection } from './graphsection';
import { FirstUse, NotebookNotices, ServerNotice } from './notices';
import { Parameters } from './parameters';
import type { IViewProps } from './parts';
import { PipelineForm } from './pipelineform';
import { Section, SectionMemory } from './section';
import { Boundary } from './boundary';
import { SuggestionView } from './suggestion';

/** What every part of the panel needs. */
export interface IPartProps {
  kale: IKaleLite;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

export class Sidebar extends ReactWidget {
  constructor(
    private readonly props: IPartProps,
    store: IStateDB | null = null
  ) {
    super();
    this.memory = new SectionMemory(store);
    this.addClass('jp-KaleLite-Sidebar');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', props.trans.__('Pipeline of the notebook'));
  }

  protected render(): JSX.Element {
    return <Panel {...this.props} memory={this.memory} />;
  }

  private readonly memory: SectionMemory;
}

function Panel(props: IPartProps & { memory: SectionMemory }): JSX.Element {
  const { kale, trans } = props;
  const pipeline = useCurrent(kale);
  return (
    <div className="jp-KaleLite-panel">
      {pipeline && <NotebookName pipeline={pipeline} />}
      <RunBar kale={kale} commands={props.commands} trans={trans} />
      <div className="jp-KaleLite-scroll">
        <ServerNotice {...props} />
        {pipeline ? (
          <Boundary key={pipeline.panel.id} trans={trans}>
            <NotebookView {...props} pipeline={pipeline} />
          </Boundary>
        ) : (
          <p className="jp-KaleLite-empty">{trans.__('Open a notebook, and its pipeline is shown here.')}</p>
        )}
      </div>
    </div>
  );
}

/** Which notebook the panel is about: of several side by side it may not be plain. */
export function NotebookName({ pipeline }: Pick<IViewProps, 'pipeline'>): JSX.Element {
  useSignal(pipeline.changed);
  return (
    <div className="jp-KaleLite-notebookName jp-KaleLite-ellipsis" title={pipeline.path}>
      {pipeline.path.split('/').pop()}
    </div>
  );
}

function NotebookView(props: IViewProps & { memory: SectionMemory }): JSX.Element {
  const { kale, commands, memory, pipeline, trans } = props;
  useSignal(pipeline.changed);
  useSignal(pipeline.suggesting.changed);
  const { analysis, suggesting } = pipeline;
  const graph = useLastGraph(props);
  const isTagged = (analysis?.cells ?? []).some(cell => cell.tagged);
  const isSuggesting = suggesting.isAsking || suggesting.suggestion !== null;
  const part = { kale, commands, memory, trans };
  return (
    <>
      <NotebookNotices {...props} />
      <SuggestionView {...props} />
      {!analysis && !pipeline.failure && !pipeline.isRecord && !kale.problem && (
        <p className="jp-KaleLite-empty" role="status">
          {pipeline.isReady ? trans.__('The notebook is being analysed…') : trans.__('The notebook is being opened…')}
        </p>
      )}
      {analysis && !isTagged && !isSuggesting && <FirstUse commands={commands} trans={trans} />}
      {graph && !isSuggesting && (
        <div className={analysis?.pipeline ? '' : 'jp-mod-outdated'}>
          <GraphSection {...props} graph={graph} />
        </div>
      )}
      {analysis && (
        <>
          <Section
            name="findings"
            title={trans.__('Findings')}
            memory={memory}
            count={<FindingCounts pipeline={pipeline} trans={trans} />}
          >
            <FindingsList {...props} />
          </Section>
          <RunSection {...part} />
          <Section
            name="parameters"
            title={trans.__('Parameters')}
            memory={memory}
            folded={!analysis.parameters.length}
            count={<span className="jp-KaleLite-count">{analysis.parameters.length || ''}</span>}
          >
            <Parameters {...props} />
          </Section>
          <Section
            name="pipeline"
            title={trans.__('Pipeline')}
            memory={memory}
            folded
            actions={
              isTagged && (
                <button
                  type="button"
                  className="jp-KaleLite-link"
                  title={trans.__('Propose steps for the cells that have no tag yet')}
                  onClick={() => void commands.execute(CommandIDs.suggest)}
                >
                  {trans.__('Suggest steps')}
                </button>
              )
            }
          >
            <PipelineForm {...props} />
          </Section>
          <KfpSection {...part} />
          <HistorySection {...part} />
        </>
      )}
    </>
  );
}

/** The newest graph: while the notebook has errors the one from before, which is shown as outdated. */
function useLastGraph({ pipeline }: IViewProps) {
  const last = React.useRef(pipeline.analysis?.pipeline ?? null);
  if (pipeline.analysis?.pipeline) {
    last.current = pipeline.analysis.pipeline;
  }
  return last.current;
}
