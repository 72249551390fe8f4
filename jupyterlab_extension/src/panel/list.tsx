/** The pipeline as an ordered list: for those who hear it, and those who would rather read. */
import * as React from 'react';
import type { IPipeline, IRunStep, IStep } from '../api';
import { stateIcon } from '../icons';
import { shownState } from '../running/words';
import { IViewProps, RoleIcon, Swatch } from './parts';
import { roleWord } from './words';

interface IListProps extends IViewProps {
  graph: IPipeline;
  stateOf: (step: string) => IRunStep | undefined;
  stateText: (state: IRunStep) => string;
  onOpen: (step: string) => void;
  onMenu: (step: string, x: number, y: number) => void;
}

export function StepList(props: IListProps): JSX.Element {
  const { graph, trans } = props;
  return (
    <ol className="jp-KaleLite-steps" aria-label={trans.__('Steps in the order of the notebook')}>
      {graph.steps.map(step => (
        <StepItem key={step.name} step={step} {...props} />
      ))}
    </ol>
  );
}

function StepItem({ step, ...props }: IListProps & { step: IStep }): JSX.Element {
  const { pipeline, graph, trans, stateOf, stateText, onOpen, onMenu } = props;
  const state = stateOf(step.name);
  const before = graph.edges.filter(edge => edge[1] === step.name).map(edge => edge[0]);
  const cells = pipeline.cellsOf(step.name);
  const isActive = pipeline.activeStep === step.name;
  const openMenu = (event: React.MouseEvent<HTMLElement>): void => {
    event.preventDefault();
    const box = event.currentTarget.getBoundingClientRect();
    const byKey = event.clientX === 0 && event.clientY === 0;
    onMenu(step.name, byKey ? box.left : event.clientX, byKey ? box.bottom : event.clientY);
  };
  return (
    <li className={`jp-KaleLite-step${isActive ? ' jp-mod-active' : ''}`} data-step={step.name}>
      <button
        type="button"
        className="jp-KaleLite-stepName"
        aria-current={isActive ? 'true' : undefined}
        title={trans.__('Show the cells of this step')}
        onClick={() => onOpen(step.name)}
        onContextMenu={openMenu}
        onMouseEnter={() => (pipeline.hoveredStep = step.name)}
        onMouseLeave={() => (pipeline.hoveredStep = '')}
        onFocus={() => (pipeline.hoveredStep = step.name)}
        onBlur={() => (pipeline.hoveredStep = '')}
      >
        <Swatch index={pipeline.stepIndex(step.name)} />
        <RoleIcon role={step.role} />
        <span className="jp-KaleLite-ellipsis">{step.name}</span>
        {step.role !== 'step' && <span className="jp-KaleLite-quiet">{roleWord(step.role, trans)}</span>}
        {state && <StateMark state={state} text={stateText(state)} />}
      </button>
      <dl>
        <Fact name={trans.__('cells')} value={cells.join(', ')} />
        <Fact name={trans.__('receives')} value={step.inputs.join(', ')} />
        <Fact name={trans.__('gives on')} value={step.outputs.join(', ')} />
        <Fact name={trans.__('reports')} value={step.metrics.map(one => one.name).join(', ')} />
        <Fact name={trans.__('after')} value={before.join(', ')} />
      </dl>
    </li>
  );
}

function StateMark({ state, text }: { state: IRunStep; text: string }): JSX.Element {
  const icon = stateIcon(shownState(state));
  return (
    <span className={`jp-KaleLite-state jp-mod-${shownState(state)}`}>
      <icon.react tag="span" className="jp-KaleLite-icon" aria-hidden="true" />
      {text}
    </span>
  );
}

function Fact({ name, value }: { name: string; value: string }): JSX.Element | null {
  return value ? (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  ) : null;
}
