import { describe, expect, it } from 'vitest';
import type { IParameter } from '../src/api';
import { readLiteral, writeLiteral } from '../src/literal';
import { ParameterValues, shown, typed } from '../src/parameters';

const parameter = (type: IParameter['type'], value: IParameter['default']): IParameter => ({
  name: 'p', type, default: value, cell: 1, line: 1
});

it.each<[IParameter['type'], string, unknown]>([
  ['int', '3', { value: 3 }],
  ['int', '-1_000', { value: -1000 }],
  ['int', '0.5', { problem: 'int' }],
  ['int', '3.0', { problem: 'int' }],
  ['int', '', { problem: 'int' }],
  ['int', '99999999999999999999', { problem: 'large' }],
  ['float', '1', { value: 1 }],
  ['float', '.5', { value: 0.5 }],
  ['float', '1e-3', { value: 0.001 }],
  ['float', '1e308', { value: 1e308 }],
  ['float', '1e999', { problem: 'large' }],
  ['float', '-1e999', { problem: 'large' }],
  ['float', 'one', { problem: 'float' }],
  ['float', '0x10', { problem: 'float' }],
  ['str', ' as it is ', { value: ' as it is ' }],
  ['str', '', { value: '' }],
  ['bool', 'True', { value: true }],
  ['bool', '1', { problem: 'bool' }],
  ['list', '[1, "a"]', { value: [1, 'a'] }],
  ['list', '{}', { problem: 'list' }],
  ['dict', '{"a": 1}', { value: { a: 1 } }],
  ['dict', '[]', { problem: 'dict' }],
  ['list', "['x', 'y', None, True,]", { value: ['x', 'y', null, true] }],
  ['list', '[null, false]', { value: [null, false] }],
  ['list', '[x, y]', { problem: 'list' }],
  ['list', '[1e999]', { problem: 'list' }],
  ['tuple', '(1, "a")', { value: [1, 'a'] }],
  ['tuple', '[1]', { value: [1] }],
  ['tuple', '1, 2', { problem: 'tuple' }],
  ['dict', "{'a': {'b': [.5]}}", { value: { a: { b: [0.5] } } }],
  ['dict', '{1: 2}', { problem: 'dict' }],
  ['none', 'None', { value: null }],
  ['none', 'True', { value: true }],
  ['none', "'abc'", { value: 'abc' }],
  ['none', '"it\'s"', { value: "it's" }],
  ['none', '5', { value: 5 }],
  ['none', '-1_000.5e1', { value: -10005 }],
  ['none', 'plain', { value: 'plain' }],
  ['none', 's3://bucket/a b.csv', { value: 's3://bucket/a b.csv' }],
  ['none', '../data', { value: '../data' }],
  ['none', 'constructor', { value: 'constructor' }],
  ['none', '1e999', { problem: 'literal' }],
  ['none', '99999999999999999999', { problem: 'literal' }],
  ['none', '007', { problem: 'literal' }],
  ['none', '3 days', { problem: 'literal' }],
  ['none', "don't", { problem: 'literal' }],
  ['any', '{"a"', { problem: 'literal' }],
  ['any', "'open", { problem: 'literal' }]
])('%s %s', (type, text, expected) => expect(typed(type, text)).toEqual(expected));

it('texts are shown as they are, all else as Python writes it', () => {
  expect(shown(parameter('str', 'a "b"'))).toBe('a "b"');
  expect(shown(parameter('list', [1, 'x', null, true]))).toBe("[1, 'x', None, True]");
  expect(shown(parameter('dict', { a: "it's" }))).toBe(`{'a': "it's"}`);
  expect(shown(parameter('tuple', [1, 2]))).toBe('(1, 2)');
  expect(shown(parameter('bool', true))).toBe('true');
  expect(shown(parameter('float', 'Infinity'))).toBe('Infinity');
  expect(shown(parameter('none', null))).toBe('None');
});

it.each([[['a\\b', 'x\ny', '"', "'", `'"`, 'é😀', '\u0000']], [{ '': [], __proto__x: {} }], [[1e21, -0.5, 3]]])(
  '%j is read back as it was written',
  value => expect(readLiteral(writeLiteral(value as never))).toEqual({ value })
);

it('escapes are those of Python', () => {
  expect(readLiteral(String.raw`'\x41\u00e9\U0001f600\d\''`)?.value).toBe("Aé😀\\d'");
  expect(readLiteral(String.raw`'\101'`)).toBeUndefined();
  expect(readLiteral('['.repeat(100_000))).toBeUndefined();
});

describe('ParameterValues', () => {
  it('gives only what differs and is right', () => {
    const values = new ParameterValues();
    const all = [parameter('int', 1), { ...parameter('float', 2), name: 'q' }, { ...parameter('str', ''), name: 'r' }];
    values.texts.set('p', '1').set('q', 'x').set('r', 'new');
    expect(values.values(all)).toEqual({ r: 'new' });
    expect(values.problems(all)).toEqual({ q: 'float' });
  });
});
