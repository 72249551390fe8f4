import { describe, expect, it } from 'vitest';
import { foreignTags, readTags, writeTags } from '../src/tags';

describe('readTags', () => {
  it.each([
    [['step:load', 'prev:a', 'limit:cpu:2'], { role: 'step', step: 'load', after: ['a'], options: ['limit:cpu:2'] }],
    [['block:load'], { role: 'step', step: 'load', after: [], options: [] }],
    [['pipeline-metrics', 'step:score'], { role: 'metrics', step: 'score', after: [], options: [] }],
    [['injected-parameters'], { role: 'parameters', step: '', after: [], options: [] }],
    [['slideshow', 'stp:x'], { role: null, step: '', after: [], options: [] }]
  ])('%j', (tags, expected) => expect(readTags(tags)).toEqual(expected));

  it('keeps colons in values', () => expect(readTags(['image:host:5000/a:1']).options).toEqual(['image:host:5000/a:1']));
});

describe('writeTags', () => {
  const wanted = { role: 'step' as const, step: 'train', after: ['load'], options: ['retry:2'] };

  it('keeps foreign tags in their places', () => {
    expect(writeTags(['one', 'step:train', 'two'], wanted)).toEqual(['one', 'step:train', 'two', 'prev:load', 'retry:2']);
  });
  it('keeps the spelling of a tag that says the same', () => {
    expect(writeTags(['block:train', 'prev:load', 'retry:2'], wanted)).toEqual(['block:train', 'prev:load', 'retry:2']);
    const parameters = { role: 'parameters' as const, step: '', after: [], options: [] };
    expect(writeTags(['parameters'], parameters)).toEqual(['parameters']);
  });
  it('takes out our own tags alone', () => {
    expect(writeTags(['a', 'step:x', 'prev:y'], { role: null, step: '', after: [], options: [] })).toEqual(['a']);
  });
  it('what is written is read as it was meant', () => {
    for (const role of ['step', 'imports', 'functions', 'parameters', 'metrics', 'skip'] as const) {
      const step = role === 'step' ? 'x' : '';
      expect(readTags(writeTags(['mine'], { role, step, after: [], options: [] }))).toMatchObject({ role, step });
    }
  });
});

it('foreignTags leaves what is ours', () => expect(foreignTags(['a', 'step:x', 'cache:enabled', 'b:c'])).toEqual(['a', 'b:c']));
