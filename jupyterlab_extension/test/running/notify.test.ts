import { Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { expect, it, vi } from 'vitest';
import type { NotebookRuns } from '../../src/runs';
import { notifyEnd } from '../../src/running/notify';
import { makeRun, step } from './fakes';

it.each([
  [['a', 'b'], 'housing: 2 steps done in 1 min 11 s'],
  [['a'], 'housing: 1 step done in 1 min 11 s']
])('tells the end of a run of the steps %j', (names, text) => {
  const success = vi.spyOn(Notification, 'success').mockReturnValue('');
  const run = makeRun({
    pipeline: 'housing', status: 'done', seconds: 71, steps: Object.fromEntries(names.map(name => [name, step('done')]))
  });
  notifyEnd({ trans: nullTranslator.load('kale_lite') } as never, {} as NotebookRuns, run, 10);
  expect(success.mock.calls[0][0]).toBe(text);
  success.mockRestore();
});
