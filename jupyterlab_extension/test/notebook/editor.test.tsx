import type { Cell } from '@jupyterlab/cells';
import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { act, fireEvent, screen } from '@testing-library/react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { CellEditor } from '../../src/notebook/editor';
import { IKaleLite } from '../../src/tokens';
import { OpenNotebook } from '../fakes';

const trans = nullTranslator.load('kale_lite');
const FORMS = [{ kind: 'limit', form: ['limit', 'key', 'quantity'], example: '', help: '' }];
let open: OpenNotebook;
let editor: CellEditor;

/** The editor of the second cell, and a place elsewhere. */
beforeEach(async () => {
  vi.stubGlobal('requestIdleCallback', (run: () => void) => run());
  vi.stubGlobal('ResizeObserver', class { observe(): void {} disconnect(): void {} });
  open = new OpenNotebook([{ tags: ['step:load'] }, { tags: ['step:fit', 'limit:memory:4Gi'] }, { tags: ['step:fit'] }]);
  open.server.checkTags.mockImplementation(async tags =>
    tags.map(text => ({ text, kind: (/^step:[a-z]+$|\dGi$/.test(text) ? 'option' : 'malformed') as 'option', problem: 'is wrong', suggestion: '' }))
  );
  const cells = [0, 1].map(() => ({ isDisposed: false, node: document.body }) as unknown as Cell);
  Object.assign(open.pipeline.panel.content, { widgets: cells, activate: () => undefined });
  const kale = { api: open.server.asApi, infoChanged: new Signal({}), known: { options: FORMS } } as unknown as IKaleLite;
  editor = new CellEditor({ kale, pipeline: open.pipeline, trans }, [cells[1]], cell => cell.node);
  await act(async () => editor.open());
  await screen.findByLabelText('Name');
});

afterEach(() => {
  editor.dispose();
  vi.unstubAllGlobals();
});

const elsewhere = (): Promise<void> => act(async () => void fireEvent.pointerDown(document.body));

it('a click elsewhere takes over what was typed, and closes', async () => {
  fireEvent.change(screen.getByLabelText('Name'), { target: { value: 'train' } });
  fireEvent.change(screen.getByLabelText('Memory: quantity'), { target: { value: '8Gi' } });
  await elsewhere();
  await vi.waitFor(() => expect(editor.isDisposed).toBe(true));
  expect(open.tags[1]).toEqual(['step:train', 'limit:memory:8Gi']);
});

it('a click elsewhere closes at once when nothing was typed', async () => {
  fireEvent.change(screen.getByLabelText('Add an option'), { target: { value: 'limit:cpu:' } });
  await elsewhere();
  await vi.waitFor(() => expect(editor.isDisposed).toBe(true));
  expect(open.tags[1]).toEqual(['step:fit', 'limit:memory:4Gi']);
});

it.each([['Name', 'not this'], ['Memory: quantity', 'lots']])('what is wrong in %s stays to be seen', async (label, text) => {
  fireEvent.change(screen.getByLabelText(label), { target: { value: text } });
  await elsewhere();
  expect((await screen.findByRole('alert')).textContent).toContain('is wrong');
  expect(editor.isDisposed).toBe(false);
  expect((screen.getByLabelText(label) as HTMLInputElement).value).toBe(text);
  fireEvent.click(screen.getByRole('button', { name: 'Close' }));
  expect(editor.isDisposed).toBe(true);
  expect(open.tags[1]).toEqual(['step:fit', 'limit:memory:4Gi']);
});

it.each(['train', 'load'])('the name %s is for all cells of the step while the tick says so', async name => {
  fireEvent.change(screen.getByLabelText('Name'), { target: { value: name } });
  await elsewhere();
  await vi.waitFor(() => expect(editor.isDisposed).toBe(true));
  expect(open.tags.slice(1)).toEqual([['limit:memory:4Gi', `step:${name}`], [`step:${name}`]]);
});

it('without the tick the name is for the edited cell alone', async () => {
  fireEvent.click(screen.getByLabelText('A new name is for all cells of the step'));
  fireEvent.change(screen.getByLabelText('Name'), { target: { value: 'load' } });
  await elsewhere();
  await vi.waitFor(() => expect(editor.isDisposed).toBe(true));
  expect(open.tags.slice(1)).toEqual([['limit:memory:4Gi', 'step:load'], ['step:fit']]);
});
