import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { NotebookDecorator } from '../../src/notebook/decorator';
import { KaleSettings } from '../../src/settings';
import { OpenNotebook } from '../fakes';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

it.each([
  ['demo.ipynb', 1],
  ['kale-lite-runs/demo-1/steps/fit.ipynb', 0]
])('cells of %s have so many badges: %d', async (path, count) => {
  const open = new OpenNotebook([{ tags: ['step:fit'] }]);
  open.path = path;
  const { panel } = open.pipeline;
  const insertWidget = vi.fn();
  const cell = {
    model: { type: 'code' }, isPlaceholder: () => false, layout: { insertWidget }, editor: null, node: document.createElement('div')
  };
  Object.assign(panel.content, { widgets: [cell] });
  Object.assign(panel.context.model.cells, { changed: new Signal({}) });
  Object.assign(panel, {
    sessionContext: { iopubMessage: new Signal({}), statusChanged: new Signal({}), kernelChanged: new Signal({}), session: null }
  });
  const decorator = new NotebookDecorator(open.pipeline, new KaleSettings(), nullTranslator.load('kale_lite'), () => undefined);
  await vi.advanceTimersByTimeAsync(500);
  expect(insertWidget).toHaveBeenCalledTimes(count);
  decorator.dispose();
});
