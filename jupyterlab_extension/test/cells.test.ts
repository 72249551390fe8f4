import { describe, expect, it } from 'vitest';
import type { IPipeline, IStep } from '../src/api';
import { Changes, freshName, headingsAbove, ICellView, joinAbove, nameFrom, ownCells, proposedName, renameStep, splitAt } from '../src/cells';
import { readTags } from '../src/tags';

function code(step: string, ...tags: string[]): ICellView {
  return { code: true, source: 'x', tags: readTags(tags), step };
}

function text(source: string): ICellView {
  return { code: false, source, tags: readTags([]), step: '' };
}

/** Changes as they are read: `index: role name [after]`. */
function told(changes: Changes | null): string[] | null {
  return changes && [...changes].map(([at, { role, step, after }]) => `${at}: ${role} ${step} [${after}]`);
}

it.each([
  ['## Train the model!', 'train-the-model'],
  ['**Bold** `code`', 'bold-code'],
  ['[Load](http://x.y/z) it', 'load-it'],
  ['Größe & Gewicht', 'größe-gewicht'],
  ['???', '']
])('nameFrom %s', (heading, name) => expect(nameFrom(heading)).toBe(name));

it('a name from a long heading ends with a whole word', () => {
  const name = nameFrom('Evaluate on the tumours nobody has seen so far');
  expect(name.length).toBeLessThanOrEqual(31);
  expect(name).toBe('evaluate-on-the-tumours-nobody');
});

describe('headings', () => {
  it('the nearest first, none out of code', () => {
    const cells = [text('# All'), text('## One\n```\n# no heading\n```\n### Two'), code('a')];
    expect(headingsAbove(cells, 2).map(one => one.name)).toEqual(['two', 'one']);
  });
  it('none of a section before', () => {
    const cells = [text('## Load the data'), code('a'), text('### Files'), code('a'), text('## Clean the data'), code('a')];
    expect(headingsAbove(cells, 5).map(one => one.name)).toEqual(['clean-the-data']);
    expect(headingsAbove(cells, 3).map(one => one.name)).toEqual(['files', 'load-the-data']);
  });
  it('the nearest is proposed unless a step is called so', () => {
    const cells = [text('# Load'), code('load', 'step:load'), text('# Fit'), code('load')];
    expect(proposedName(cells, 3)).toBe('fit');
    expect(proposedName([...cells.slice(0, 2), code('load')], 2)).toBe('step-1');
  });
});

it('freshName counts on, whatever the case', () => {
  expect(freshName('a', ['b'])).toBe('a');
  expect(freshName('a', ['A', 'a-2'])).toBe('a-3');
  expect(freshName('a-2', ['a-2'])).toBe('a-3');
});

describe('splitAt', () => {
  it('takes the cells below along', () => {
    const cells = [code('a', 'step:a'), code('a'), code('a', 'step:a'), code('b', 'step:b')];
    expect(told(splitAt(cells, 1))).toEqual(['1: step a-2 []', '2: step a-2 []']);
  });
  it('is called after a heading that stands between', () => {
    const cells = [text('# One'), code('a', 'step:a'), text('# Two'), code('a')];
    expect(told(splitAt(cells, 3))).toEqual(['3: step two []']);
  });
  it.each([
    ['a first cell', 0],
    ['an imports cell', 1],
    ['a text', 2]
  ])('does nothing at %s', (_, index) => {
    expect(splitAt([code('a', 'step:a'), code('', 'imports'), text('x')], index)).toBeNull();
  });
});

describe('joinAbove', () => {
  it('the whole step goes, with order that was declared after it', () => {
    const cells = [code('a', 'step:a'), code('b', 'step:b', 'retry:2'), code('b', 'step:b'), code('c', 'step:c', 'prev:b')];
    expect(told(joinAbove(cells, 1))).toEqual(['1: null  []', '2: step a []', '3: step c [a]']);
    expect(joinAbove(cells, 1)?.get(1)?.options).toEqual(['retry:2']);
  });
  it('a cell that goes on with its step loses its tag alone', () => {
    expect(told(joinAbove([code('a', 'step:a'), code('a', 'step:a')], 1))).toEqual(['1: null  []']);
  });
  it('order after itself is dropped', () => {
    const cells = [code('a', 'step:a'), code('b', 'step:b', 'prev:a'), code('a', 'step:a', 'prev:b')];
    expect(told(joinAbove(cells, 1))).toContain('2: step a []');
  });
  it.each([
    ['nothing above', [code('a', 'step:a')], 0],
    ['nothing to take back', [code('a', 'step:a'), code('a')], 1],
    ['only imports above', [code('', 'imports'), code('a', 'step:a')], 1]
  ])('%s', (_, cells, index) => expect(joinAbove(cells, index)).toBeNull());
});

it('renameStep changes all cells and the order after it', () => {
  const cells = [code('a', 'step:a'), code('b', 'step:b', 'prev:a'), code('a', 'block:a')];
  expect(told(renameStep(cells, 'a', 'z'))).toEqual(['0: step z []', '2: step z []', '1: step b [z]']);
});

it('renameStep joins a step that is called so, without order after itself', () => {
  const cells = [code('a', 'step:a'), code('b', 'step:b', 'prev:a'), code('b', 'step:b'), code('c', 'step:c', 'prev:b')];
  expect(told(renameStep(cells, 'b', 'a'))).toEqual(['1: step a []', '2: step a []', '3: step c [a]']);
});

describe('ownCells', () => {
  const pipeline = { cells: { 4: { notebook: 'in.ipynb', cell: 1 }, 5: { notebook: '', cell: 4 } } } as unknown as IPipeline;
  const step = (cells: number[], within: string[] = []): IStep => ({ cells, within }) as unknown as IStep;

  it('counts as the notebook does', () => expect(ownCells(pipeline, step([2, 5]), () => undefined)).toEqual([2, 4]));
  it('gives the cell that stands for an embedded notebook', () => {
    expect(ownCells(pipeline, step([4], ['in']), name => (name === 'in' ? 3 : undefined))).toEqual([3]);
  });
});
