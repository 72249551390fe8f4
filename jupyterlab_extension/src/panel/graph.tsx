/** The pipeline of a notebook as a graph. */
import { MarkerType, Position, ReactFlow, ReactFlowProvider, useReactFlow, Viewport } from '@xyflow/react';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { IPipeline, IRunStep, IStep } from '../api';
import { FlowEdge, FlowEdgeType, StepNode, StepNodeType } from './nodes';
import { betterFlow, byReason, Flow, IEdgeLine, ILayout, layOut, LEGIBLE } from './layout';
import type { Direction } from '../settings';
import { reasonWord } from './words';

const NODE_TYPES = { step: StepNode };
const EDGE_TYPES = { flow: FlowEdge };
const MOST_ZOOM = 1.15;
const MARGIN = 10;
/** The graph is as high as it needs, within this. */
const LEAST_HEIGHT = 110;
const MOST_HEIGHT = 560;
/** The height of one that is larger than its box. */
const CUT_HEIGHT = 400;

interface ISize {
  width: number;
  height: number;
}

/** How the graph is zoomed from outside of it. */
export interface IGraphView {
  zoomIn(): void;
  zoomOut(): void;
  fit(): void;
  layout: ILayout;
}

export interface IGraphProps {
  pipeline: IPipeline;
  direction: Direction;
  trans: TranslationBundle;
  label: string;
  activeStep: string;
  hoveredStep: string;
  indexOf: (step: string) => number;
  worstOf: (step: string) => 'error' | 'warning' | '';
  stateOf: (step: string) => IRunStep | undefined;
  stateText: (state: IRunStep) => string;
  describe: (step: IStep) => string;
  onPoint: (step: string) => void;
  onOpen: (step: string) => void;
  onMenu: (step: string, x: number, y: number) => void;
  onView?: (view: IGraphView | null) => void;
}

export function Graph(props: IGraphProps): JSX.Element {
  return (
    <ReactFlowProvider>
      <Flowing {...props} />
    </ReactFlowProvider>
  );
}

/** The size of an element, followed as it changes; zero while it is not shown. */
function useSize(ref: React.RefObject<HTMLElement>): ISize {
  const [size, setSize] = React.useState({ width: 0, height: 0 });
  React.useEffect(() => {
    const element = ref.current;
    if (!element || typeof ResizeObserver === 'undefined') {
      return;
    }
    const observer = new ResizeObserver(() =>
      setSize({ width: element.clientWidth, height: element.clientHeight })
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return size;
}

/** The height that a graph of this size needs in a box of this width, for its names to be read. */
export function neededHeight(layout: ISize, width: number): number {
  const fitting = Math.min((width - 2 * MARGIN) / (layout.width || 1), MOST_ZOOM);
  const needed = layout.height * Math.max(fitting, LEGIBLE) + 2 * MARGIN + 2;
  const legible = layout.height * LEGIBLE + 2 * MARGIN + 2;
  const most = fitting < LEGIBLE || legible > MOST_HEIGHT ? CUT_HEIGHT : MOST_HEIGHT;
  return Math.round(Math.max(LEAST_HEIGHT, Math.min(most, needed)));
}

/** Give the box the height that the graph needs, until the user gives it another one. */
function useHeight(box: React.RefObject<HTMLElement>, layout: ILayout, width: number): void {
  const given = React.useRef('');
  React.useEffect(() => {
    const element = box.current;
    if (element && width && element.style.height === given.current) {
      element.style.height = `${neededHeight(layout, width)}px`;
      given.current = element.style.height;
    }
  }, [layout, width]);
}

/** How all of the graph, its edges and labels too, is shown in the middle of a box. */
export function viewport(layout: ISize, size: ISize): Viewport {
  const { width, height } = layout;
  const zoom = Math.min(
    (size.width - 2 * MARGIN) / (width || 1),
    (size.height - 2 * MARGIN) / (height || 1),
    MOST_ZOOM
  );
  const found = Math.max(zoom, 0.05);
  return { x: (size.width - width * found) / 2, y: (size.height - height * found) / 2, zoom: found };
}

/** How the graph is shown at first: all of it where that can be read, else as much as there is room for, from its beginning. */
export function firstView(layout: ISize, size: ISize): Viewport {
  const all = viewport(layout, size);
  if (all.zoom >= LEGIBLE) {
    return all;
  }
  const middle = (room: number, needed: number): number => Math.max(MARGIN, (room - needed * LEGIBLE) / 2);
  return { x: middle(size.width, layout.width), y: middle(size.height, layout.height), zoom: LEGIBLE };
}

/** The view moved just as far as it takes for a part of the graph to be in the box. */
export function movedTo(view: Viewport, part: { x: number; y: number; width: number; height: number }, size: ISize): Viewport {
  const moved = (offset: number, from: number, long: number, room: number): number =>
    Math.max(MARGIN - from * view.zoom, Math.min(offset, room - MARGIN - (from + long) * view.zoom));
  return {
    x: moved(view.x, part.x, part.width, size.width),
    y: moved(view.y, part.y, part.height, size.height),
    zoom: view.zoom
  };
}

function Flowing(props: IGraphProps): JSX.Element {
  const { pipeline, direction, trans, onView } = props;
  const box = React.useRef<HTMLDivElement>(null);
  const size = useSize(box);
  const [edge, setEdge] = React.useState<IEdgeLine | null>(null);
  const flowing = useReactFlow();
  const tall = pipeline.steps.some(step => props.stateOf(step.name) !== undefined);
  const flow: Flow = React.useMemo(
    () => (direction === 'auto' ? betterFlow(pipeline, size.width || 300, MOST_HEIGHT, tall) : direction),
    [pipeline, direction, size.width, tall]
  );
  const most = ((size.width || 300) - 2 * MARGIN) / LEGIBLE;
  const layout = React.useMemo(() => layOut(pipeline, flow, tall, most), [pipeline, flow, tall, most]);
  const shape = `${flow} ${layout.width} ${layout.height} ${layout.nodes.map(node => node.step.name).join('\n')}`;

  useHeight(box, layout, size.width);
  const isShown = size.width > 0 && size.height > 0;
  React.useEffect(() => {
    if (isShown) {
      void flowing.setViewport(firstView(layout, size));
    }
  }, [flowing, size, shape]);
  React.useEffect(() => {
    const fit = (): void => void (isShown && flowing.setViewport(viewport(layout, size)));
    onView?.({ zoomIn: () => void flowing.zoomIn(), zoomOut: () => void flowing.zoomOut(), fit, layout });
    return () => onView?.(null);
  }, [flowing, size, layout, onView]);
  const moveTo = (name: string | undefined): void => {
    const line = layout.edges.find(one => `${one.before} ${one.after}` === name);
    const part = line ? { ...line.labelAt, width: 0, height: 0 } : layout.nodes.find(one => one.step.name === name);
    if (part && isShown) {
      void flowing.setViewport(movedTo(flowing.getViewport(), part, size));
    }
  };
  React.useEffect(() => moveTo(props.activeStep), [props.activeStep]);
  // By keyboard alone: what is clicked must not move away.
  const onFocus = ({ target }: React.FocusEvent<HTMLElement>): void => {
    if (target.matches(':focus-visible')) {
      moveTo(target.dataset.step ?? target.dataset.edge);
    }
  };

  return (
    <div className="jp-KaleLite-graphWithReasons">
      <div ref={box} className="jp-KaleLite-graph" role="group" aria-label={props.label} onFocus={onFocus}>
        <ReactFlow<StepNodeType, FlowEdgeType>
          nodes={nodesOf(layout, props, edge)}
          edges={edgesOf(layout, props, edge, setEdge)}
          nodeTypes={NODE_TYPES}
          edgeTypes={EDGE_TYPES}
          minZoom={0.05}
          maxZoom={3}
          nodesDraggable={false}
          nodesConnectable={false}
          nodesFocusable={false}
          edgesFocusable={false}
          elementsSelectable={false}
          zoomOnScroll={false}
          zoomOnDoubleClick={false}
          preventScrolling={false}
          deleteKeyCode={null}
          selectionKeyCode={null}
          multiSelectionKeyCode={null}
          panActivationKeyCode={null}
          proOptions={{ hideAttribution: true }}
        />
      </div>
      <EdgeReasons edge={edge} pipeline={pipeline} trans={trans} />
    </div>
  );
}

function nodesOf(layout: ILayout, props: IGraphProps, edge: IEdgeLine | null): StepNodeType[] {
  const near = edge ? [edge.before, edge.after] : [];
  return layout.nodes.map(({ step, x, y, width, height }) => {
    const state = props.stateOf(step.name);
    return {
      id: step.name,
      type: 'step',
      position: { x, y },
      width,
      height,
      // Known beforehand, so that edges are drawn without waiting for nodes to be measured. Their ends are dagre's.
      measured: { width, height },
      handles: [
        { type: 'target', position: Position.Top, x: width / 2, y: 0, width: 1, height: 1 },
        { type: 'source', position: Position.Bottom, x: width / 2, y: height, width: 1, height: 1 }
      ],
      data: {
        step,
        state,
        index: props.indexOf(step.name),
        stateText: state ? props.stateText(state) : '',
        description: props.describe(step),
        isActive: props.activeStep === step.name,
        isHovered: props.hoveredStep === step.name || near.includes(step.name),
        isDimmed: edge !== null && !near.includes(step.name),
        worst: props.worstOf(step.name),
        onPoint: props.onPoint,
        onOpen: props.onOpen,
        onMenu: props.onMenu
      }
    };
  });
}

function edgesOf(
  layout: ILayout,
  props: IGraphProps,
  edge: IEdgeLine | null,
  onPoint: (edge: IEdgeLine | null) => void
): FlowEdgeType[] {
  const { hoveredStep, trans } = props;
  return layout.edges.map(line => {
    const isSame = edge !== null && edge.before === line.before && edge.after === line.after;
    const touches = line.before === hoveredStep || line.after === hoveredStep;
    const what = line.dependencies.map(one => one.name).filter(Boolean).join(', ');
    return {
      id: `${line.before} ${line.after}`,
      source: line.before,
      target: line.after,
      type: 'flow',
      markerEnd: { type: MarkerType.ArrowClosed, width: 14, height: 14, color: 'var(--jp-ui-font-color3)' },
      data: {
        line,
        description: what
          ? trans.__('From %1 to %2: %3', line.before, line.after, what)
          : trans.__('From %1 to %2: declared order', line.before, line.after),
        isHovered: isSame || touches,
        isDimmed: (edge !== null && !isSame) || (hoveredStep !== '' && !touches),
        onPoint
      }
    };
  });
}

/** Everything that flows along an edge, with the reasons: below the graph, or above it where there is no room below. */
function EdgeReasons(props: { edge: IEdgeLine | null; pipeline: IPipeline; trans: TranslationBundle }): JSX.Element {
  const { edge, pipeline, trans } = props;
  const box = React.useRef<HTMLDivElement>(null);
  React.useLayoutEffect(() => {
    const node = box.current;
    const within = node?.closest('.jp-KaleLite-scroll');
    node?.classList.remove('jp-mod-above');
    if (node && within && node.getBoundingClientRect().bottom > within.getBoundingClientRect().bottom) {
      node.classList.add('jp-mod-above');
    }
  }, [edge]);
  return (
    <div ref={box} className="jp-KaleLite-reasons" role="status" hidden={!edge}>
      {edge && (
        <>
          <strong>{trans.__('%1 → %2', edge.before, edge.after)}</strong>
          <ul>
            {byReason(edge.dependencies).map((one, at) => (
              <li key={at}>{reasonWord(one, pipeline, trans)}</li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}
