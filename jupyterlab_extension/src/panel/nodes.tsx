/** Nodes and edges as they are drawn in the graph. */
import { BaseEdge, EdgeLabelRenderer, EdgeProps, Handle, NodeProps, Position } from '@xyflow/react';
import type { Edge, Node } from '@xyflow/react';
import * as React from 'react';
import type { IRunStep, IStep } from '../api';
import { stepColour } from '../colours';
import { roleIcon, stateIcon } from '../icons';
import { shownState } from '../running/words';
import { IEdgeLine, nodeName, pathOf } from './layout';

export type StepNodeData = {
  step: IStep;
  index: number;
  state: IRunStep | undefined;
  /** The state in words, with the time it took. */
  stateText: string;
  /** Everything about the step, for assistive technology. */
  description: string;
  isActive: boolean;
  isHovered: boolean;
  isDimmed: boolean;
  worst: 'error' | 'warning' | '';
  onPoint: (step: string) => void;
  onOpen: (step: string) => void;
  onMenu: (step: string, x: number, y: number) => void;
};

export type FlowEdgeData = {
  line: IEdgeLine;
  description: string;
  isHovered: boolean;
  isDimmed: boolean;
  onPoint: (edge: IEdgeLine | null) => void;
};

export type StepNodeType = Node<StepNodeData, 'step'>;
export type FlowEdgeType = Edge<FlowEdgeData, 'flow'>;

function modifiers(data: StepNodeData): string {
  const { state, isActive, isHovered, isDimmed, worst } = data;
  return [
    'jp-KaleLite-node',
    state ? `jp-mod-${shownState(state)}` : '',
    isActive ? 'jp-mod-active' : '',
    isHovered ? 'jp-mod-hovered' : '',
    isDimmed ? 'jp-mod-dimmed' : '',
    worst ? `jp-mod-${worst}` : ''
  ]
    .filter(Boolean)
    .join(' ');
}

export function StepNode({ data, width, height }: NodeProps<StepNodeType>): JSX.Element {
  const { step, state, stateText, description, onPoint, onOpen, onMenu } = data;
  const icon = state ? stateIcon(shownState(state)) : roleIcon(step.role);
  return (
    <>
      <Handle type="target" position={Position.Top} className="jp-KaleLite-handle" />
      <button
        type="button"
        className={`${modifiers(data)} nopan`}
        style={{ width, height, borderColor: stepColour(data.index), ['--jp-KaleLite-colour' as string]: stepColour(data.index) }}
        aria-label={description}
        aria-current={data.isActive ? 'true' : undefined}
        title={description}
        data-step={step.name}
        onMouseEnter={() => onPoint(step.name)}
        onMouseLeave={() => onPoint('')}
        onFocus={() => onPoint(step.name)}
        onBlur={() => onPoint('')}
        onClick={() => onOpen(step.name)}
        onContextMenu={event => {
          event.preventDefault();
          event.stopPropagation();
          const box = event.currentTarget.getBoundingClientRect();
          // A menu that the keyboard asked for has no place of its own.
          const byKey = event.clientX === 0 && event.clientY === 0;
          onMenu(step.name, byKey ? box.left : event.clientX, byKey ? box.bottom : event.clientY);
        }}
        onKeyDown={event => {
          if (event.key === 'ContextMenu' || (event.shiftKey && event.key === 'F10')) {
            event.preventDefault();
            const box = event.currentTarget.getBoundingClientRect();
            onMenu(step.name, box.left, box.bottom);
          }
        }}
      >
        <span className="jp-KaleLite-nodeName">
          {!state && step.role !== 'step' && <icon.react tag="span" className="jp-KaleLite-icon" aria-hidden="true" />}
          <span className="jp-KaleLite-ellipsis">{nodeName(step)}</span>
        </span>
        {state && (
          <span className="jp-KaleLite-nodeState">
            <icon.react tag="span" className="jp-KaleLite-icon" aria-hidden="true" />
            <span className="jp-KaleLite-ellipsis">{stateText}</span>
          </span>
        )}
      </button>
      <Handle type="source" position={Position.Bottom} className="jp-KaleLite-handle" />
    </>
  );
}

export function FlowEdge({ id, data, markerEnd }: EdgeProps<FlowEdgeType>): JSX.Element | null {
  if (!data) {
    return null;
  }
  const { line, description, isHovered, isDimmed, onPoint } = data;
  const state = `${isHovered ? ' jp-mod-hovered' : ''}${isDimmed ? ' jp-mod-dimmed' : ''}`;
  const point = {
    onMouseEnter: () => onPoint(line),
    onMouseLeave: () => onPoint(null)
  };
  return (
    <>
      <g className={`jp-KaleLite-edge${state}${line.isDeclared ? ' jp-mod-declared' : ''}`} {...point}>
        <BaseEdge id={id} path={pathOf(line.points)} markerEnd={markerEnd} interactionWidth={14} />
      </g>
      <EdgeLabelRenderer>
        <button
          type="button"
          className={`jp-KaleLite-edgeLabel nopan${state}${line.label ? '' : ' jp-mod-declared'}`}
          style={{ transform: `translate(-50%, -50%) translate(${line.labelAt.x}px, ${line.labelAt.y}px)` }}
          aria-label={description}
          data-edge={`${line.before} ${line.after}`}
          onFocus={() => onPoint(line)}
          onBlur={() => onPoint(null)}
          {...point}
        >
          {line.label}
        </button>
      </EdgeLabelRenderer>
    </>
  );
}
