import { describe, expect, it } from 'vitest';
import type { IDependency, IPipeline, IStep } from '../../src/api';
import { toSvg } from '../../src/panel/drawing';
import { firstView, movedTo, neededHeight, viewport } from '../../src/panel/graph';
import { betterFlow, byReason, edgeLabel, ILayout, layOut, LEGIBLE, pathOf, shortened } from '../../src/panel/layout';

const step = (name: string): IStep => ({ name, role: 'step', inputs: [], outputs: [], cells: [1] }) as unknown as IStep;

function pipelineOf(edges: [string, string, string][], alone: string[] = []): IPipeline {
  const names = [...new Set([...edges.flatMap(([a, b]) => [a, b]), ...alone])];
  return {
    name: 'p',
    steps: names.map(step),
    edges: edges.map(([a, b]) => [a, b]),
    dependencies: edges.map(([before, after, name]) => ({ before, after, name, kind: name ? 'data' : 'declared' })),
    parameters: [],
    cells: {}
  } as unknown as IPipeline;
}

const DIAMOND = pipelineOf([['load', 'a', 'x'], ['load', 'b', 'x'], ['a', 'end', 'a_result'], ['b', 'end', ''], ['load', 'end', 'x']]);

function crossings(layout: ILayout): string[] {
  const found: string[] = [];
  for (const one of layout.nodes) {
    for (const other of layout.nodes) {
      const apart =
        one.x + one.width <= other.x || other.x + other.width <= one.x ||
        one.y + one.height <= other.y || other.y + other.height <= one.y;
      if (one !== other && !apart) {
        found.push(`${one.step.name} ${other.step.name}`);
      }
    }
  }
  return found;
}

describe.each(['down', 'right'] as const)('layOut %s', flow => {
  const layout = layOut(DIAMOND, flow);

  it('draws every step once, none over another', () => {
    expect(layout.nodes.map(node => node.step.name)).toEqual(['load', 'a', 'b', 'end']);
    expect(crossings(layout)).toEqual([]);
  });
  it('draws what comes after further on', () => {
    const at = new Map(layout.nodes.map(node => [node.step.name, flow === 'down' ? node.y : node.x]));
    for (const edge of layout.edges) {
      expect(at.get(edge.before)).toBeLessThan(at.get(edge.after) as number);
    }
  });
  it('everything lies within its size: nodes, edges, labels', () => {
    const inside = (x: number, y: number): boolean => x >= -0.01 && y >= -0.01 && x <= layout.width + 0.01 && y <= layout.height + 0.01;
    expect(layout.nodes.every(node => inside(node.x, node.y) && inside(node.x + node.width, node.y + node.height))).toBe(true);
    expect(layout.edges.every(edge => edge.points.every(point => inside(point.x, point.y)))).toBe(true);
  });
});

it('an empty pipeline and a single step have a size', () => {
  expect(layOut(pipelineOf([]), 'down')).toMatchObject({ nodes: [], width: 0, height: 0 });
  expect(layOut(pipelineOf([], ['only']), 'down').width).toBeGreaterThan(0);
});

it('what flows and what a step is are of the newest analysis, although the drawing is the same', () => {
  const before = layOut(DIAMOND, 'down');
  const newer = pipelineOf([['load', 'a', 'x'], ['load', 'b', 'x'], ['a', 'end', 'a_result'], ['b', 'end', ''], ['load', 'end', 'x']]);
  const after = layOut(newer, 'down');
  expect(after.nodes[0].step).toBe(newer.steps[0]);
  expect(after.edges[0].dependencies[0]).toBe(newer.dependencies[0]);
  expect(after.edges[0].points).toBe(before.edges[0].points);
  expect(layOut(pipelineOf([['load', 'a', 'a_longer_name']]), 'down').edges[0].points).not.toBe(before.edges[0].points);
});

describe('a drawing that is to be narrow', () => {
  const models = ['logistic', 'forest', 'support_vectors', 'boosting', 'neighbours'];
  const wide = pipelineOf([
    ...models.flatMap(one => [['load', one, 'X_train'], [one, 'compare', `${one}_score`]] as [string, string, string][]),
    ['load', 'compare', 'y'], ['compare', 'report', '']
  ]);
  const layout = layOut(wide, 'down', true, 284);

  it('is as narrow as it should be, where the usual one is not, and keeps that where it fits', () => {
    expect(layOut(wide, 'down', true).width).toBeGreaterThan(284);
    expect(layout.width).toBeLessThanOrEqual(284);
    expect(layOut(DIAMOND, 'down', false, 284)).toEqual(layOut(DIAMOND, 'down'));
  });
  it('has every step once, none over another, what comes after further down', () => {
    expect(layout.nodes.map(node => node.step.name)).toEqual(wide.steps.map(one => one.name));
    expect(crossings(layout)).toEqual([]);
    const at = new Map(layout.nodes.map(node => [node.step.name, node.y]));
    expect(layout.edges.every(edge => (at.get(edge.before) as number) < (at.get(edge.after) as number))).toBe(true);
  });
  it('leads edges from node to node, through none of the others', () => {
    const box = new Map(layout.nodes.map(node => [node.step.name, node]));
    for (const { before, after, points } of layout.edges) {
      expect(points[0].y).toBe(box.get(before)!.y + box.get(before)!.height);
      expect(points[points.length - 1].y).toBe(box.get(after)!.y);
      const inside = ({ x, y }: { x: number; y: number }): boolean =>
        layout.nodes.some(node => x > node.x && x < node.x + node.width && y > node.y && y < node.y + node.height);
      expect(points.slice(1, -1).some(inside)).toBe(false);
      expect(points.every(({ x, y }) => x >= 0 && x <= layout.width && y >= 0 && y <= layout.height)).toBe(true);
    }
  });
  it('shows labels where there is room; an edge without room is not taken for one of declared order', () => {
    const edge = (before: string, after: string) => layout.edges.find(one => one.before === before && one.after === after);
    expect(edge('load', 'forest')).toMatchObject({ label: 'X_train', isDeclared: false });
    expect(edge('forest', 'compare')).toMatchObject({ label: 'forest_score', isDeclared: false });
    expect(edge('load', 'compare')).toMatchObject({ label: '', isDeclared: false });
    expect(edge('compare', 'report')).toMatchObject({ label: '', isDeclared: true });
  });
});

it('a node has room for its name in bold, and no more than that', () => {
  const width = (name: string): number => layOut(pipelineOf([], [name]), 'down').nodes[0].width - 18;
  // Widths of DejaVu Sans Bold at 12 px, which is wider than most.
  expect(width('compare')).toBeGreaterThanOrEqual(58.6);
  expect(width('compare')).toBeLessThan(70);
  expect(width('mmmmmm')).toBeGreaterThanOrEqual(75);
  expect(width('filllilli')).toBeLessThan(width('compareit'));
  expect(width('載入資料')).toBeGreaterThanOrEqual(48);
});

it('a chain is drawn to the right where there is room, downwards in a narrow box', () => {
  const chain = pipelineOf([['a', 'b', ''], ['b', 'c', ''], ['c', 'd', '']]);
  expect(betterFlow(chain, 900, 150)).toBe('right');
  expect(betterFlow(chain, 150, 900)).toBe('down');
});

describe('edgeLabel', () => {
  const some = (...names: string[]): IDependency[] => names.map(name => ({ name, kind: 'data' }) as IDependency);

  it.each([
    [['a', 'b'], 'a, b'],
    [['X_train', 'y_train', 'z'], 'X_train +2'],
    [['a_very_long_name_of_a_thing'], 'a_very_long_…'],
    [['a', 'a'], 'a'],
    [[], '']
  ])('%j', (names, label) => expect(edgeLabel(some(...names))).toBe(label));

  it('values come first, state without its prefix', () => {
    const state = { name: 'state:numpy.random', kind: 'state' } as IDependency;
    expect(edgeLabel([state])).toBe('numpy.random');
    expect(edgeLabel([state, ...some('x')])).toBe('x +1');
  });
});

it('names on an edge come in natural order, all of them, those of one reason together', () => {
  const edge = layOut(pipelineOf([['a', 'b', 'x10'], ['a', 'b', 'x2'], ['a', 'b', 'X1']]), 'down').edges[0];
  expect(edge.dependencies.map(one => one.name)).toEqual(['X1', 'x2', 'x10']);
  expect(byReason(edge.dependencies)).toEqual([{ before: 'a', after: 'b', name: 'X1, x2, x10', kind: 'data' }]);
  const [first, ...rest] = edge.dependencies;
  expect(byReason([{ ...first, cell: 4, line: 1 }, ...rest]).map(one => one.name)).toEqual(['X1', 'x2, x10']);
});

it('shortened', () => expect([shortened('abc', 3), shortened('abcd', 3)]).toEqual(['abc', 'ab…']));

it('pathOf begins and ends at its points', () => {
  expect(pathOf([{ x: 0, y: 0 }, { x: 5, y: 5 }])).toBe('M0,0L5,5');
  expect(pathOf([{ x: 0, y: 0 }, { x: 5, y: 5 }, { x: 9, y: 1 }])).toBe('M0,0Q5,5 9,1');
  expect(pathOf([])).toBe('');
});

describe('what is shown', () => {
  const layout = layOut(DIAMOND, 'down');

  it.each([[250, 300], [1000, 200], [120, 900]])('lies inside a box of %i x %i', (width, height) => {
    const { x, y, zoom } = viewport(layout, { width, height });
    expect(x).toBeGreaterThanOrEqual(0);
    expect(y).toBeGreaterThanOrEqual(0);
    expect(x + layout.width * zoom).toBeLessThanOrEqual(width);
    expect(y + layout.height * zoom).toBeLessThanOrEqual(height);
  });
  it('needs no more height than it gets', () => {
    expect(neededHeight(layout, 300)).toBeLessThanOrEqual(560);
    expect(neededHeight(layOut(pipelineOf([], ['one']), 'down'), 300)).toBe(110);
  });
});

describe('a graph that cannot be read as a whole', () => {
  const large = { width: 900, height: 1000 };

  it('gets a higher box, and is shown from its upper left corner', () => {
    expect(neededHeight(large, 250)).toBe(400);
    expect(neededHeight({ width: 900, height: 200 }, 250)).toBe(172);
    expect(firstView(large, { width: 250, height: 400 })).toEqual({ x: 10, y: 10, zoom: LEGIBLE });
  });
  it('stands in the middle where it is too large one way alone', () => {
    expect(firstView({ width: 100, height: 1000 }, { width: 250, height: 400 })).toEqual({ x: 87.5, y: 10, zoom: LEGIBLE });
  });
  it('a smaller one is shown whole', () => {
    const size = { width: 250, height: 400 };
    expect(firstView({ width: 260, height: 200 }, size)).toEqual(viewport({ width: 260, height: 200 }, size));
  });
  it('is drawn downwards in a narrow panel', () => {
    const wide = pipelineOf(['a', 'b', 'c', 'd', 'e'].flatMap(one => [['load', `${one}_regression_model`, 'x'], [`${one}_regression_model`, 'end', `${one}_y`]] as [string, string, string][]));
    expect(betterFlow(wide, 250, 560)).toBe('down');
  });
  it('moves as far as a part needs to be seen, and no further', () => {
    const size = { width: 200, height: 100 };
    const part = (x: number, y: number) => ({ x, y, width: 40, height: 20 });
    expect(movedTo({ x: 10, y: 10, zoom: 1 }, part(50, 20), size)).toEqual({ x: 10, y: 10, zoom: 1 });
    expect(movedTo({ x: 10, y: 10, zoom: 1 }, part(300, 20), size)).toEqual({ x: -150, y: 10, zoom: 1 });
    expect(movedTo({ x: -150, y: -80, zoom: 1 }, part(50, 20), size)).toEqual({ x: -40, y: -10, zoom: 1 });
  });
});

it('the picture holds every step and label, escaped', () => {
  const odd = pipelineOf([['a<b>', 'c&d', '"x"']]);
  const paint = { background: '#fff', text: '#000', muted: '#555', line: '#999', font: 'sans', step: () => '#123456' };
  const svg = toSvg(layOut(odd, 'down'), 'a & b', paint);
  const parsed = new DOMParser().parseFromString(svg, 'image/svg+xml');
  expect(parsed.querySelector('parsererror')).toBeNull();
  const texts = [...parsed.querySelectorAll('text')].map(node => node.textContent);
  expect(texts).toEqual(expect.arrayContaining(['a<b>', 'c&d', '"x"']));
  expect(parsed.querySelectorAll('g > rect[stroke="#123456"]').length).toBe(2);
});
