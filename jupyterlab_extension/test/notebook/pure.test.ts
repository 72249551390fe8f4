import { Text } from '@codemirror/state';
import { execFileSync } from 'child_process';
import { describe, expect, it } from 'vitest';
import { choices, combined, optionParts, withAfter, withOption, withRole, withStep } from '../../src/notebook/combined';
import { matching } from '../../src/notebook/combobox';
import { answer, question } from '../../src/notebook/kernel';
import { placed } from '../../src/notebook/popover';
import { rangeOf } from '../../src/notebook/underlines';
import { readTags } from '../../src/tags';

describe('several cells as one', () => {
  const cells = [readTags(['step:a', 'prev:x', 'retry:2']), readTags(['step:b', 'prev:x'])];

  it('tells what they have in common', () => {
    expect(combined(cells)).toEqual({ role: 'step', step: undefined, after: ['x'], options: [] });
    expect(combined([cells[0], readTags(['skip'])]).role).toBeUndefined();
  });
  it('a role keeps the name it has, and takes the proposed one otherwise', () => {
    expect(withRole(cells[0], 'step', 'new').step).toBe('a');
    expect(withRole(readTags(['imports']), 'step', 'new').step).toBe('new');
  });
  it('a role without steps has neither name nor order', () => {
    expect(withRole(cells[0], 'skip', '')).toMatchObject({ role: 'skip', step: '', after: [] });
    expect(withRole(cells[0], null, '').options).toEqual(['retry:2']);
  });
  it('a step does not come after itself', () => expect(withStep(cells[0], 'x').after).toEqual([]));
  it('order is declared once', () => expect(withAfter(withAfter(cells[0], 'y', true), 'y', true).after).toEqual(['x', 'y']));
  it('an option is replaced in place, added, taken out', () => {
    const tags = readTags(['step:a', 'retry:2', 'timeout:5']);
    expect(withOption(tags, 'retry:2', 'retry:3').options).toEqual(['retry:3', 'timeout:5']);
    expect(withOption(tags, '', 'cache:disabled').options).toEqual(['retry:2', 'timeout:5', 'cache:disabled']);
    expect(withOption(tags, 'retry:2', '').options).toEqual(['timeout:5']);
    expect(withOption(tags, '', 'retry:2').options).toEqual(['retry:2', 'timeout:5']);
  });
});

it.each([
  ['limit:memory:4Gi', ['limit', 'key', 'quantity'], ['memory', '4Gi']],
  ['image:host:5000/a:1', ['image', 'reference'], ['host:5000/a:1']],
  ['secret:a:b', ['secret', 'secret', 'key', 'ENV'], ['a', 'b', '']],
  ['env:URL:http://x', ['env', 'NAME', 'value'], ['URL', 'http://x']]
])('optionParts %s', (tag, form, parts) => expect(optionParts(tag, form)).toEqual(parts));

it.each([
  ['enabled|disabled', ['enabled', 'disabled']],
  ['count[:wait[:factor]]', []],
  ['key[=value]', []],
  ['quantity', []]
])('choices %s', (part, words) => expect(choices(part)).toEqual(words));

describe('placed', () => {
  const page = { left: 0, top: 0, right: 1000, bottom: 600 };
  const anchor = (left: number, top: number) => ({ left, top, right: left + 50, bottom: top + 20 });
  const inside = (where: { left: number; top: number; maxHeight: number }, width: number, height: number): boolean =>
    where.left >= 0 && where.top >= 0 && where.left + width <= 1000 && where.top + Math.min(height, where.maxHeight) <= 600;

  it('is below where there is room', () => expect(placed(anchor(100, 100), { width: 300, height: 200 }, page).top).toBe(124));
  it('is above where there is none below', () => {
    const where = placed(anchor(100, 500), { width: 300, height: 200 }, page);
    expect(where.top + 200).toBeLessThanOrEqual(500);
  });
  it.each([[0, 0], [990, 10], [500, 300], [-200, 590], [100, -300], [100, 900]])('stays on the page for an anchor at %i, %i', (left, top) => {
    expect(inside(placed(anchor(left, top), { width: 300, height: 400 }, page), 300, 400)).toBe(true);
  });
});

describe('rangeOf', () => {
  const text = Text.of(['import a', '    total = sum(rows.list)  ', '']);
  const marked = (line: number, column: number): string | null => {
    const range = rangeOf(text, { line, column });
    return range && text.sliceString(range.from, range.to);
  };

  it.each([
    ['a name', 2, 17, 'rows.list'],
    ['a line without a column', 2, 0, 'total = sum(rows.list)'],
    ['a sign', 2, 11, '= sum(rows.list)  '],
    ['no line', 0, 0, null],
    ['a line that is gone', 9, 1, null],
    ['an empty line', 3, 1, '']
  ])('%s', (_, line, column, expected) => expect(marked(line, column)).toBe(expected));
});

describe('the question to the kernel', () => {
  const ask = (setup: string, names: string[]): Map<string, string> => {
    const program = `${setup}\nbefore = set(globals())\nprint(repr(eval(${JSON.stringify(question(names))})))\nassert set(globals()) - before == {'before'}`;
    return answer(execFileSync(process.env.PYTHON ?? 'python3', ['-c', program], { encoding: 'utf8' }));
  };

  it('gives types and sizes of what is there, and binds nothing', () => {
    const found = ask('a = [1, 2]\nb = {"x": 1}\nc = 3\nd = "äö"', ['a', 'b', 'c', 'd', 'missing']);
    expect(Object.fromEntries(found)).toEqual({ a: 'list 2', b: 'dict 1', c: 'int', d: 'str 2' });
  });
  it('calls nothing of the user, and does not mind shadowed names', () => {
    const setup = `class Trap(list):
    def __len__(self): raise SystemExit('called')
    @property
    def shape(self): raise SystemExit('called')
trap = Trap()
len = type = str = None`;
    expect(Object.fromEntries(ask(setup, ['trap']))).toEqual({ trap: 'Trap' });
  });
  it('names are names alone', () => expect(question(['a', "x'); import os; ('", 'b c'])).not.toContain('import os'));
  it('no names are no question that fails', () => expect(ask('', []).size).toBe(0));
});

it('offers are narrowed by what is typed, not by what stood there', () => {
  const offers = [{ value: 'load', note: '' }, { value: 'train', note: 'from the heading' }];
  expect(matching(offers, 'load', false)).toHaveLength(2);
  expect(matching(offers, 'HEAD', true).map(one => one.value)).toEqual(['train']);
});
