/** The graph of the notebook in front, or the list of its steps, with the states of the run that is followed. */
import { addIcon, downloadIcon, listIcon, MenuSvg } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { IPipeline, IRunStep, IStep } from '../api';
import { fitIcon, minusIcon, pipelineIcon } from '../icons';
import { duration, elapsed } from '../running/format';
import { useSignal, useTicking } from '../running/hooks';
import { shownState, stateWord } from '../running/words';
import { CommandIDs } from '../tokens';
import { Graph, IGraphView } from './graph';
import { StepList } from './list';
import { IconButton, IViewProps } from './parts';
import { Section, SectionMemory } from './section';
import { roleWord } from './words';

const LIST = 'graph-as-list';

interface IGraphSectionProps extends IViewProps {
  memory: SectionMemory;
  graph: IPipeline;
}

/** A menu at a place of the page, with what can be done with a step. */
export function openStepMenu(props: IViewProps, step: string, x: number, y: number): void {
  const { commands } = props;
  const menu = new MenuSvg({ commands });
  for (const command of [CommandIDs.goToStep, CommandIDs.editCell, '', CommandIDs.runFrom, CommandIDs.runOnly]) {
    if (!command) {
      menu.addItem({ type: 'separator' });
    } else if (commands.hasCommand(command)) {
      menu.addItem({ command, args: { step } });
    }
  }
  // The command runs after the menu has closed.
  menu.aboutToClose.connect(() => void setTimeout(() => menu.dispose(), 0));
  menu.open(x, y);
}

export function GraphSection(props: IGraphSectionProps): JSX.Element {
  const { kale, commands, memory, pipeline, graph, trans } = props;
  const runs = kale.runs.of(pipeline);
  useSignal(pipeline.selectionChanged);
  useSignal(kale.settings.changed);
  useSignal(memory.changed);
  useSignal(runs.changed);
  useTicking(graph.steps.some(step => runs.stepState(step.name)?.status === 'running'));
  const [view, setView] = React.useState<IGraphView | null>(null);
  const asList = memory.isOpen(LIST, false);
  const common = {
    stateOf: (name: string) => runs.stepState(name),
    stateText: (state: IRunStep) => stateText(state, props, !asList),
    onOpen: (name: string) => revealStep(props, name),
    onMenu: (name: string, x: number, y: number) => openStepMenu(props, name, x, y)
  };
  return (
    <Section
      name="graph"
      title={trans.__('Graph')}
      memory={memory}
      count={<span className="jp-KaleLite-count">{trans._n('%1 step', '%1 steps', graph.steps.length, graph.steps.length)}</span>}
      actions={
        <>
          {!asList && (
            <>
              <IconButton icon={addIcon} label={trans.__('Zoom in')} onClick={() => view?.zoomIn()} />
              <IconButton icon={minusIcon} label={trans.__('Zoom out')} onClick={() => view?.zoomOut()} />
              <IconButton icon={fitIcon} label={trans.__('Show all')} onClick={() => view?.fit()} />
            </>
          )}
          <IconButton
            icon={asList ? pipelineIcon : listIcon}
            label={asList ? trans.__('Show as a graph') : trans.__('Show as a list')}
            onClick={() => memory.set(LIST, !asList)}
          />
          <IconButton
            icon={downloadIcon}
            label={trans.__('Export')}
            menu
            onClick={event => openExportMenu(commands, event.currentTarget)}
          />
        </>
      }
    >
      {asList ? (
        <StepList {...props} {...common} />
      ) : (
        <Graph
          {...common}
          pipeline={graph}
          direction={kale.settings.graphDirection}
          trans={trans}
          label={trans.__('The graph of the pipeline; the list of steps says the same in words')}
          activeStep={pipeline.activeStep}
          hoveredStep={pipeline.hoveredStep}
          indexOf={name => pipeline.stepIndex(name)}
          worstOf={name => worstOf(props, name)}
          describe={step => describe(props, step)}
          onPoint={name => (pipeline.hoveredStep = name)}
          onView={setView}
        />
      )}
    </Section>
  );
}

/** The state in words, with its time. A node has room for one of them: the time says it where the icon does. */
function stateText(state: IRunStep, { kale, pipeline, trans }: IViewProps, isBrief: boolean): string {
  const word = stateWord(shownState(state), trans);
  if (state.status === 'running' && state.started !== undefined) {
    const time = elapsed(Math.max(0, kale.runs.of(pipeline).now() - state.started));
    return isBrief ? time : `${word} ${time}`;
  }
  if (state.seconds === undefined || state.reused || state.status === 'waiting') {
    return word;
  }
  return isBrief && state.status === 'done' ? duration(state.seconds) : isBrief ? word : `${word} ${duration(state.seconds)}`;
}

function revealStep({ pipeline }: IViewProps, name: string): void {
  const [first] = pipeline.cellsOf(name);
  if (first !== undefined) {
    void pipeline.reveal({ index: first - 1, line: 0 });
  }
}

function worstOf({ pipeline }: IViewProps, name: string): 'error' | 'warning' | '' {
  const cells = pipeline.cellsOf(name);
  const found = (pipeline.analysis?.diagnostics ?? []).filter(
    one => one.step === name || (!one.notebook && cells.includes(one.cell))
  );
  if (found.some(one => one.severity === 'error')) {
    return 'error';
  }
  return found.some(one => one.severity === 'warning') ? 'warning' : '';
}

/** A step in a sentence or two: what it is, its cells, what flows, how it is. */
function describe(props: IViewProps, step: IStep): string {
  const { kale, pipeline, trans } = props;
  const parts = [step.role === 'step' ? step.name : trans.__('%1 (%2)', step.name, roleWord(step.role, trans))];
  const cells = pipeline.cellsOf(step.name);
  if (cells.length) {
    parts.push(trans._n('cell %2', 'cells %2', cells.length, cells.join(', ')));
  }
  if (step.inputs.length) {
    parts.push(trans.__('receives %1', step.inputs.join(', ')));
  }
  if (step.outputs.length) {
    parts.push(trans.__('gives on %1', step.outputs.join(', ')));
  }
  const state = kale.runs.of(pipeline).stepState(step.name);
  if (state) {
    parts.push(stateText(state, props, false));
  }
  return parts.join('; ');
}

function openExportMenu(commands: IViewProps['commands'], anchor: HTMLElement): void {
  const menu = new MenuSvg({ commands });
  for (const format of ['svg', 'png', 'mermaid']) {
    menu.addItem({ command: CommandIDs.exportGraph, args: { format } });
  }
  menu.aboutToClose.connect(() => void setTimeout(() => menu.dispose(), 0));
  const box = anchor.getBoundingClientRect();
  menu.open(box.left, box.bottom);
}
