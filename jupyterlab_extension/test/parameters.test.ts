import { describe, expect, it } from 'vitest';
import type { IParameter } from '../src/api';
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
  ['none', 'None', { value: null }],
  ['none', '5', { value: 5 }],
  ['none', 'plain', { value: 'plain' }],
  ['any', '{"a"', { problem: 'json' }]
])('%s %s', (type, text, expected) => expect(typed(type, text)).toEqual(expected));

it('texts are shown as they are, all else as JSON', () => {
  expect(shown(parameter('str', 'a "b"'))).toBe('a "b"');
  expect(shown(parameter('list', [1, 'x']))).toBe('[1,"x"]');
  expect(shown(parameter('none', null))).toBe('null');
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
