/** A drawing from above to below that is no wider than the panel: steps side by side are spread over several rows. Pure functions. */
import type { IPlaces, IPoint, IShape } from './layout';

type Box = IPlaces['nodes'][number];
type Edge = IShape['edges'][number] & { wide: number };

/** Pixels between nodes of a row, and between rows. */
const APART = 10;
const BETWEEN = 24;
/** What a label takes of the height between rows. */
const LABEL = 16;

interface INode extends Box {
  name: string;
  /** How wide it is with its labels. */
  wide: number;
  row: number;
}

/** Where an edge has room for its label: below its first node, above its second one, or nowhere. */
type Spot = 'below' | 'above' | '';

/** Spread a drawing that was made downwards, `drawn`, over rows of this width. `labelWidth`: how wide a label is. */
export function spread(shape: IShape, drawn: IPlaces, most: number, labelWidth: (label: string) => number): IPlaces {
  const edges = shape.edges.map(edge => ({ ...edge, wide: labelWidth(edge.label) }));
  const spots = edges.map(edge => spotOf(edge, edges));
  const rows = rowsOf(shape, drawn, most - 2 * APART, name => widest(name, edges, spots));
  const width = Math.max(...rows.map(rowWidth)) + 2 * APART;
  let y = 0;
  rows.forEach((row, at) => {
    const labels = (spot: Spot, end: 'before' | 'after', nodes: INode[] | undefined): number =>
      edges.some((edge, i) => spots[i] === spot && nodes?.some(node => node.name === edge[end])) ? LABEL : 0;
    y += at ? BETWEEN + labels('below', 'before', rows[at - 1]) + labels('above', 'after', row) : 0;
    let x = (width - rowWidth(row)) / 2;
    for (const node of row) {
      Object.assign(node, { x: x + (node.wide - node.width) / 2, y, row: at });
      x += node.wide + APART;
    }
    y += Math.max(...row.map(node => node.height));
  });
  const nodes = new Map(rows.flat().map(node => [node.name, node]));
  return {
    nodes: shape.nodes.map(({ name }) => {
      const { x, y: top, width: wide, height } = nodes.get(name) as INode;
      return { x, y: top, width: wide, height };
    }),
    edges: edges.map((edge, at) => lineOf(nodes.get(edge.before) as INode, nodes.get(edge.after) as INode, rows, spots[at])),
    width,
    height: y
  };
}

function spotOf(edge: Edge, edges: Edge[]): Spot {
  if (!edge.label) {
    return '';
  }
  if (edges.filter(one => one.after === edge.after).length === 1) {
    return 'above';
  }
  return edges.filter(one => one.before === edge.before).length === 1 ? 'below' : '';
}

/** The widest label that a node has above or below it. */
function widest(name: string, edges: Edge[], spots: Spot[]): number {
  const own = edges.filter(
    (edge, at) => (spots[at] === 'above' && edge.after === name) || (spots[at] === 'below' && edge.before === name)
  );
  return Math.max(0, ...own.map(edge => edge.wide));
}

/** The nodes row by row: those of one height in the drawing follow one another, in its order. */
function rowsOf(shape: IShape, drawn: IPlaces, room: number, labelOf: (name: string) => number): INode[][] {
  const nodes = drawn.nodes.map((box, at) => {
    const { name } = shape.nodes[at];
    return { ...box, name, wide: Math.max(box.width, labelOf(name)), row: 0 };
  });
  const middle = (node: Box): number => Math.round(node.y + node.height / 2);
  nodes.sort((a, b) => middle(a) - middle(b) || a.x - b.x);
  const rows: INode[][] = [];
  let height = NaN;
  for (const node of nodes) {
    const last = rows[rows.length - 1];
    if (middle(node) === height && rowWidth([...last, node]) <= room) {
      last.push(node);
    } else {
      rows.push([node]);
    }
    height = middle(node);
  }
  return rows;
}

function rowWidth(row: INode[]): number {
  return row.reduce((sum, node) => sum + node.wide, APART * (row.length - 1));
}

/** An edge from node to node, through the gaps of the rows between. */
function lineOf(from: INode, to: INode, rows: INode[][], spot: Spot): IPlaces['edges'][number] {
  const start = { x: from.x + from.width / 2, y: from.y + from.height };
  const end = { x: to.x + to.width / 2, y: to.y };
  const points: IPoint[] = [start];
  if (spot === 'below') {
    points.push({ x: start.x, y: start.y + LABEL });
  }
  for (const row of rows.slice(from.row + 1, to.row)) {
    const top = row[0].y;
    const straight = start.x + ((end.x - start.x) * (top - start.y)) / (end.y - start.y);
    const x = gapsOf(row).reduce((best, gap) => (Math.abs(gap - straight) < Math.abs(best - straight) ? gap : best));
    points.push({ x, y: top - 6 }, { x, y: top + row[0].height + 6 });
  }
  if (spot === 'above') {
    points.push({ x: end.x, y: end.y - LABEL - 6 });
  }
  const before = points[points.length - 1];
  points.push(end);
  const labels: { [spot in Spot]: IPoint } = {
    below: { x: start.x, y: start.y + LABEL / 2 + 2 },
    above: { x: end.x, y: end.y - LABEL / 2 - 6 },
    '': { x: (before.x + end.x) / 2, y: (before.y + end.y) / 2 }
  };
  return { points, labelAt: labels[spot], hasRoom: spot !== '' };
}

/** Where an edge can go through a row: beside its nodes and their labels. */
function gapsOf(row: INode[]): number[] {
  const lefts = row.map(node => node.x - (node.wide - node.width) / 2);
  const last = row.length - 1;
  return [...lefts.map(left => left - APART / 2), lefts[last] + row[last].wide + APART / 2];
}
