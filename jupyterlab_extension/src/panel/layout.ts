/** Where the nodes and edges of a pipeline are drawn. Pure functions; sizes in pixels at zoom 1. */
import * as dagre from '@dagrejs/dagre';
import type { IDependency, IPipeline, IStep } from '../api';
import { spread } from './narrow';

export type Flow = 'down' | 'right';

export interface IPoint {
  x: number;
  y: number;
}

export interface INodeBox {
  step: IStep;
  /** The upper left corner. */
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface IEdgeLine {
  before: string;
  after: string;
  /** What flows, short; empty where only order is declared, and where there is no room. */
  label: string;
  isDeclared: boolean;
  dependencies: IDependency[];
  points: IPoint[];
  /** The middle of the label. */
  labelAt: IPoint;
}

export interface ILayout {
  nodes: INodeBox[];
  edges: IEdgeLine[];
  width: number;
  height: number;
}

/** How wide characters are at 12 px in a bold, wide font: the step of the active cell is bold. */
const CHARACTERS: readonly [RegExp, number][] = [
  [/[ijl.,:;|!'()[\]]/, 5],
  [/[frt\- ]/, 6.2],
  [/[mwMW%@…]/, 12.6],
  [/[A-Z]/, 9.6],
  [/[\u0020-\u02ff]/, 8.5]
];
const WIDE_CHARACTER = 13;
/** The least zoom at which names, of 12 px, can be read. */
export const LEGIBLE = 0.75;
const LABEL_CHARACTER = 5.4;
const NAME_LENGTH = 24;
const LABEL_LENGTH = 13;

/** A text that ends in `…` where it is longer than `length`. */
export function shortened(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

/** The name as it stands on its node. */
export function nodeName(step: IStep): string {
  return shortened(step.name, NAME_LENGTH);
}

/** How wide a name is on its node, at most. */
function nameWidth(name: string): number {
  const widths = [...name].map(one => CHARACTERS.find(([kind]) => kind.test(one))?.[1] ?? WIDE_CHARACTER);
  return Math.ceil(widths.reduce((sum, width) => sum + width, 0));
}

function named(dependency: IDependency): string {
  return dependency.kind === 'state' ? dependency.name.replace(/^state:/, '') : dependency.name;
}

const naturally = new Intl.Collator('en', { numeric: true });

/** Dependencies of one kind and place as one, with all their names. */
export function byReason(dependencies: readonly IDependency[]): IDependency[] {
  const found = new Map<string, IDependency>();
  for (const one of dependencies) {
    const key = `${one.kind} ${one.cell} ${one.line}`;
    const before = found.get(key);
    found.set(key, before ? { ...before, name: [before.name, one.name].filter(Boolean).join(', ') } : one);
  }
  return [...found.values()];
}

/** What flows along an edge: as many names as fit, and how many there are more. */
export function edgeLabel(dependencies: readonly IDependency[]): string {
  const order: IDependency['kind'][] = ['data', 'shared', 'file', 'service', 'state', 'declared'];
  const sorted = [...dependencies].sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
  const names = [...new Set(sorted.map(named).filter(Boolean))];
  let label = '';
  for (const [at, name] of names.entries()) {
    const longer = label ? `${label}, ${name}` : shortened(name, LABEL_LENGTH);
    if (label && longer.length > LABEL_LENGTH) {
      return `${label} +${names.length - at}`;
    }
    label = longer;
  }
  return label;
}

/** What a drawing depends on, and nothing else, so that one is made anew only when it would be another. */
export interface IShape {
  flow: Flow;
  nodes: { name: string; width: number; height: number }[];
  edges: { before: string; after: string; label: string }[];
}

/** The places of nodes and edges, in the order of the shape's. */
export interface IPlaces {
  nodes: { x: number; y: number; width: number; height: number }[];
  edges: { points: IPoint[]; labelAt: IPoint; hasRoom: boolean }[];
  width: number;
  height: number;
}

/**
 * Draw a pipeline from above to below, or from left to right. `tall`: nodes have a second line, for their state. `most`: how
 * wide the drawing from above to below should be.
 */
export function layOut(pipeline: IPipeline, flow: Flow, tall = false, most = Infinity): ILayout {
  const edges = pipeline.edges.map(([before, after]) => {
    const dependencies = pipeline.dependencies
      .filter(one => one.before === before && one.after === after)
      .sort((a, b) => naturally.compare(a.name, b.name));
    return { before, after, label: edgeLabel(dependencies), dependencies };
  });
  const shape = {
    flow,
    nodes: pipeline.steps.map(step => ({ name: step.name, ...nodeSize(step, tall) })),
    edges: edges.map(({ before, after, label }) => ({ before, after, label }))
  };
  const drawn = known(shape);
  const places = flow === 'down' && drawn.width > most ? spread(shape, drawn, most, labelWidth) : drawn;
  return {
    nodes: pipeline.steps.map((step, at) => ({ step, ...places.nodes[at] })),
    edges: edges.map((edge, at) => {
      const { points, labelAt, hasRoom } = places.edges[at];
      return { ...edge, label: hasRoom ? edge.label : '', isDeclared: !edge.label, points, labelAt };
    }),
    width: places.width,
    height: places.height
  };
}

function nodeSize(step: IStep, tall: boolean): { width: number; height: number } {
  const icon = !tall && step.role !== 'step' ? 16 : 0;
  const width = Math.max(tall ? 92 : 44, nameWidth(nodeName(step)) + 18 + icon);
  return { width, height: tall ? 40 : 28 };
}

/** Drawings of late: most edits of a notebook leave its graph as it is, and large ones take long to draw. */
const drawn = new Map<string, IPlaces>();
const MOST_DRAWN = 12;

function known(shape: IShape): IPlaces {
  const key = JSON.stringify(shape);
  const found = drawn.get(key) ?? place(shape);
  drawn.delete(key);
  drawn.set(key, found);
  for (const oldest of drawn.keys()) {
    if (drawn.size <= MOST_DRAWN) {
      break;
    }
    drawn.delete(oldest);
  }
  return found;
}

function place({ flow, nodes, edges }: IShape): IPlaces {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: flow === 'down' ? 'TB' : 'LR', nodesep: 10, edgesep: 8, ranksep: flow === 'down' ? 22 : 26 });
  graph.setDefaultEdgeLabel(() => ({}));
  nodes.forEach(({ name, width, height }) => graph.setNode(name, { width, height }));
  edges.forEach(({ before, after, label }) =>
    graph.setEdge(before, after, { width: labelWidth(label), height: label ? 14 : 0, labelpos: 'c' })
  );
  dagre.layout(graph);
  const boxes = nodes.map(({ name, width, height }) => {
    const { x, y } = graph.node(name);
    return { x: x - width / 2, y: y - height / 2, width, height };
  });
  const lines = edges.map(({ before, after, label }) => {
    const found = graph.edge(before, after);
    const points: IPoint[] = found.points.map(({ x, y }: IPoint) => ({ x, y }));
    const middle = points[Math.floor(points.length / 2)];
    return { points, labelAt: { x: found.x ?? middle.x, y: found.y ?? middle.y }, hasRoom: true, wide: labelWidth(label) };
  });
  return fromOrigin(boxes, lines);
}

/** How wide a label is drawn. */
export function labelWidth(label: string): number {
  return label ? Math.round(label.length * LABEL_CHARACTER) + 6 : 0;
}

/** The drawing moved so that its upper left corner is at 0, 0, with its size: of nodes, edges and labels. */
function fromOrigin(nodes: IPlaces['nodes'], edges: (IPlaces['edges'][number] & { wide: number })[]): IPlaces {
  const points = edges.flatMap(edge => [
    ...edge.points,
    { x: edge.labelAt.x - edge.wide / 2, y: edge.labelAt.y },
    { x: edge.labelAt.x + edge.wide / 2, y: edge.labelAt.y }
  ]);
  const corners = nodes.flatMap(node => [
    { x: node.x, y: node.y },
    { x: node.x + node.width, y: node.y + node.height }
  ]);
  const all = [...points, ...corners];
  if (!all.length) {
    return { nodes: [], edges: [], width: 0, height: 0 };
  }
  const left = Math.min(...all.map(point => point.x));
  const top = Math.min(...all.map(point => point.y));
  const moved = ({ x, y }: IPoint): IPoint => ({ x: x - left, y: y - top });
  return {
    nodes: nodes.map(node => ({ ...node, ...moved(node) })),
    edges: edges.map(({ points: some, labelAt }) => ({ points: some.map(moved), labelAt: moved(labelAt), hasRoom: true })),
    width: Math.max(...all.map(point => point.x)) - left,
    height: Math.max(...all.map(point => point.y)) - top
  };
}

/** The way of drawing that shows the pipeline larger in a box of this size; downwards where it cannot be read as a whole. */
export function betterFlow(pipeline: IPipeline, width: number, height: number, tall = false): Flow {
  const zoom = (flow: Flow): number => {
    const layout = layOut(pipeline, flow, tall, width / LEGIBLE);
    return Math.min(width / (layout.width || 1), height / (layout.height || 1), 1);
  };
  const right = zoom('right');
  return right >= LEGIBLE && right > zoom('down') * 1.1 ? 'right' : 'down';
}

/** An edge as an SVG path: through its points, without corners. */
export function pathOf(points: readonly IPoint[]): string {
  const [first, ...rest] = points;
  if (!first || !rest.length) {
    return '';
  }
  let path = `M${at(first)}`;
  for (let i = 0; i < rest.length - 1; i++) {
    const next = rest[i + 1];
    const end = i === rest.length - 2 ? next : { x: (rest[i].x + next.x) / 2, y: (rest[i].y + next.y) / 2 };
    path += `Q${at(rest[i])} ${at(end)}`;
  }
  return rest.length === 1 ? `${path}L${at(rest[0])}` : path;
}

function at(point: IPoint): string {
  return `${Math.round(point.x * 10) / 10},${Math.round(point.y * 10) / 10}`;
}
