import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import * as React from 'react';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { IAnalysis } from '../../src/api';
import { Combobox } from '../../src/notebook/combobox';
import { Options } from '../../src/notebook/options';
import { FindingsList } from '../../src/panel/findings';
import { StepList } from '../../src/panel/list';
import { NotebookNotices, ServerNotice } from '../../src/panel/notices';
import { Parameters } from '../../src/panel/parameters';
import { Section, SectionMemory } from '../../src/panel/section';
import { NotebookName } from '../../src/panel/sidebar';
import { suggestedIndex } from '../../src/panel/suggestion';
import { ApiError, IKaleLite } from '../../src/tokens';
import { analysisOf, FakeServer, finding, IFakeCell, OpenNotebook } from '../fakes';

const trans = nullTranslator.load('kale_lite');
afterEach(cleanup);

async function propsOf(cells: IFakeCell[], more: Partial<IAnalysis> = {}) {
  const open = new OpenNotebook(cells);
  open.server.analyse.mockResolvedValue(analysisOf(cells, more));
  await vi.waitFor(() => expect(open.pipeline.analysis).not.toBeNull());
  const kale = { api: open.server.asApi, infoChanged: new Signal({}), known: null, problem: null } as unknown as IKaleLite;
  return { open, props: { kale, commands: new CommandRegistry(), trans, pipeline: open.pipeline } };
}

describe('findings', () => {
  const findings = [
    finding({ code: 'KL303', severity: 'info', cell: 1, message: 'told' }),
    finding({ code: 'KL101', cell: 2, line: 0, message: 'wrong tag', fixes: [{ title: 'Write step:b', edits: [{ cell: 2, add: ['step:b'], remove: ['stp:b'] }] }] }),
    finding({ code: 'KL202', cell: 3, notebook: 'in.ipynb', message: 'elsewhere' })
  ];

  it('the worst first, with severity in words and a page', async () => {
    const { props } = await propsOf([{ tags: ['step:a'] }, { tags: ['stp:b'] }], { diagnostics: findings });
    render(<FindingsList {...props} />);
    const items = screen.getAllByRole('listitem');
    expect(items.map(item => item.dataset.code)).toEqual(['KL101', 'KL202', 'KL303']);
    expect(screen.getAllByRole('img', { name: 'Error' })).toHaveLength(2);
    expect(screen.getByRole('link', { name: 'KL101' }).getAttribute('href')).toMatch(/kale-lite\/pages\/KL101$/);
  });
  it('a place of another notebook is no button', async () => {
    const { props } = await propsOf([{}], { diagnostics: findings });
    render(<FindingsList {...props} />);
    expect(screen.queryByRole('button', { name: /in.ipynb/ })).toBeNull();
    expect(screen.getByText(/cell 3, line 1 of in.ipynb/)).toBeTruthy();
  });
  it('a fix is made by its button', async () => {
    const { open, props } = await propsOf([{ tags: ['step:a'] }, { tags: ['stp:b'] }], { diagnostics: findings });
    render(<FindingsList {...props} />);
    fireEvent.click(screen.getByRole('button', { name: 'Write step:b' }));
    expect(open.tags[1]).toEqual(['step:b']);
  });
  it('a place is one click away', async () => {
    const { open, props } = await propsOf([{}, {}], { diagnostics: findings });
    const reveal = vi.spyOn(open.pipeline, 'reveal').mockResolvedValue();
    render(<FindingsList {...props} />);
    fireEvent.click(screen.getByRole('button', { name: 'cell 2' }));
    expect(reveal).toHaveBeenCalledWith({ index: 1, line: 0 });
  });
});

it('the list tells steps in order, with cells, and marks the one pointed at', async () => {
  const { open, props } = await propsOf([{ tags: ['step:a'] }, {}, { tags: ['step:b'] }]);
  const graph = open.pipeline.analysis!.pipeline!;
  graph.steps[1].inputs = ['x'];
  graph.edges = [['a', 'b']];
  const onOpen = vi.fn();
  render(<StepList {...props} graph={graph} stateOf={() => undefined} stateText={() => ''} onOpen={onOpen} onMenu={() => undefined} />);
  const [a, b] = screen.getAllByRole('listitem');
  expect(a.textContent).toContain('cells1, 2');
  expect(b.textContent).toContain('receivesx');
  expect(b.textContent).toContain('aftera');
  const button = screen.getByRole('button', { name: /^b/ });
  fireEvent.focus(button);
  expect(open.pipeline.hoveredStep).toBe('b');
  fireEvent.blur(button);
  expect(open.pipeline.hoveredStep).toBe('');
  fireEvent.click(button);
  expect(onOpen).toHaveBeenCalledWith('b');
});

it('parameters are checked by type, kept for the next run, and set back', async () => {
  const parameters = [{ name: 'rows', type: 'int' as const, default: 10, cell: 1, line: 1 }];
  const { open, props } = await propsOf([{ tags: ['parameters'] }], { parameters });
  const view = render(<Parameters {...props} />);
  const type = (text: string): void => {
    fireEvent.change(screen.getByLabelText('rows'), { target: { value: text } });
    view.rerender(<Parameters {...props} />);
  };
  type('0.5');
  expect(screen.getByRole('alert').textContent).toContain('whole number');
  expect(screen.getByLabelText('rows').getAttribute('aria-invalid')).toBe('true');
  expect(open.pipeline.parameterValues).toEqual({});
  type('12');
  expect(screen.queryByRole('alert')).toBeNull();
  expect(open.pipeline.parameterValues).toEqual({ rows: 12 });
  fireEvent.click(screen.getByRole('button', { name: /Back to the value/ }));
  expect(open.pipeline.parameterValues).toEqual({});
});

it('what is typed where the default is None is told as what it is taken', async () => {
  const parameters = [{ name: 'limit', type: 'none' as const, default: null, cell: 1, line: 1 }];
  const { open, props } = await propsOf([{ tags: ['parameters'] }], { parameters });
  const view = render(<Parameters {...props} />);
  const input = screen.getByLabelText('limit') as HTMLInputElement;
  expect(input.value).toBe('None');
  for (const [text, taken, value] of [['True', 'Taken as true or false', true], ["'True'", 'Taken as text', 'True'], ['5', 'Taken as a whole number', 5]]) {
    fireEvent.change(input, { target: { value: text } });
    view.rerender(<Parameters {...props} />);
    expect(screen.getByText(String(taken))).toBeTruthy();
    expect(open.pipeline.parameterValues).toEqual({ limit: value });
  }
});

it('a list has the whole width for its value, a number has not', async () => {
  const parameters = [
    { name: 'rows', type: 'int' as const, default: 10, cell: 1, line: 1 },
    { name: 'models', type: 'list' as const, default: ['a'], cell: 1, line: 2 }
  ];
  const { props } = await propsOf([{ tags: ['parameters'] }], { parameters });
  render(<Parameters {...props} />);
  expect(screen.getByLabelText('rows').parentElement?.classList.contains('jp-mod-wide')).toBe(false);
  expect(screen.getByLabelText('models').parentElement?.classList.contains('jp-mod-wide')).toBe(true);
});

it('the panel names its notebook, and follows a new name', async () => {
  const { open } = await propsOf([{}]);
  open.path = 'work/deep/demo.ipynb';
  const view = render(<NotebookName pipeline={open.pipeline} />);
  expect(screen.getByText('demo.ipynb').title).toBe('work/deep/demo.ipynb');
  open.path = 'work/other.ipynb';
  view.rerender(<NotebookName pipeline={open.pipeline} />);
  expect(screen.getByText('other.ipynb')).toBeTruthy();
});

describe('a section', () => {
  it('is folded, and stays so', async () => {
    const saved: { [key: string]: unknown } = {};
    const store = { fetch: async (key: string) => saved[key], save: async (key: string, value: unknown) => (saved[key] = value) };
    const show = async (): Promise<void> => {
      const memory = new SectionMemory(store as never);
      render(<Section name="one" title="One" memory={memory}>inside</Section>);
      await act(async () => undefined);
    };
    await show();
    expect(screen.getByText('inside')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: /One/ }));
    await vi.waitFor(() => expect(screen.queryByText('inside')).toBeNull());
    cleanup();
    await show();
    await vi.waitFor(() => expect(screen.queryByText('inside')).toBeNull());
    expect(screen.getByRole('button', { name: /One/ }).getAttribute('aria-expanded')).toBe('false');
  });
});

it('a step has one colour in a suggestion and at its cells', async () => {
  const { open } = await propsOf([{ tags: ['skip'] }, { tags: ['step:b'] }]);
  const graph = { steps: [{ name: 'b', within: [] }, { name: 'inner', within: ['b'] }] };
  const suggestion = { cells: [{ step: 'new' }, { step: 'b' }, { step: '' }, { step: 'newer' }], pipeline: graph } as never;
  const indexOf = suggestedIndex(open.pipeline, suggestion);
  expect(indexOf('b')).toBe(open.pipeline.stepIndex('b'));
  expect(['new', 'newer', 'inner', 'none'].map(indexOf)).toEqual([1, 2, 0, -1]);
});

it('a missing server part is told with what mends it, and asked again', () => {
  const retry = vi.fn(async () => undefined);
  const kale = { infoChanged: new Signal({}), problem: new ApiError(404, 'Not Found'), retry } as unknown as IKaleLite;
  render(<ServerNotice kale={kale} commands={new CommandRegistry()} trans={trans} />);
  expect(screen.getByRole('alert').textContent).toContain('jupyter server extension list');
  fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
  expect(retry).toHaveBeenCalled();
});

describe('the combobox', () => {
  function setUp() {
    const onCommit = vi.fn();
    const offers = [{ value: 'load', note: '', index: 0 }, { value: 'train', note: 'from the heading' }];
    render(
      <Combobox id="name" value="load" offers={offers} invalid={false} inputRef={React.createRef()} onType={() => undefined} onCommit={onCommit} />
    );
    return { onCommit, input: screen.getByRole('combobox') as HTMLInputElement };
  }

  it('arrow keys choose, Enter takes', () => {
    const { onCommit, input } = setUp();
    fireEvent.keyDown(input, { key: 'ArrowDown' });
    fireEvent.keyDown(input, { key: 'ArrowDown' });
    expect(document.getElementById(input.getAttribute('aria-activedescendant')!)?.textContent).toContain('train');
    fireEvent.keyDown(input, { key: 'Enter' });
    expect(onCommit).toHaveBeenCalledWith('train');
  });
  it('its list stands at the input, in the page and not in the box around', () => {
    const { input } = setUp();
    input.getBoundingClientRect = () => ({ left: 40, right: 240, width: 200, top: 300, bottom: 326, height: 26 }) as DOMRect;
    fireEvent.click(input);
    const { style } = screen.getByRole('listbox');
    expect([style.left, style.top, style.width]).toEqual(['40px', '330px', '200px']);
  });
  it('what is typed is taken when it is left', () => {
    const { onCommit, input } = setUp();
    fireEvent.change(input, { target: { value: 'new ' } });
    fireEvent.blur(input);
    expect(onCommit).toHaveBeenCalledWith('new');
  });
  it('Escape takes what was typed back, and goes no further', () => {
    const { onCommit, input } = setUp();
    fireEvent.change(input, { target: { value: 'other' } });
    const isOver = fireEvent.keyDown(input, { key: 'Escape' });
    expect(isOver).toBe(false);
    expect(input.value).toBe('load');
    fireEvent.blur(input);
    expect(onCommit).not.toHaveBeenCalled();
  });
});

describe('options', () => {
  const forms = [{ kind: 'limit', form: ['limit', 'key', 'quantity'], example: '', help: '' }, { kind: 'cache', form: ['cache', 'enabled|disabled'], example: '', help: '' }];

  function setUp(options: string[]) {
    const server = new FakeServer();
    server.checkTags.mockImplementation(async tags =>
      tags.map(text => ({
        text,
        kind: (/Gi$|abled$/.test(text) ? 'option' : 'malformed') as 'option',
        problem: /Gi$|abled$/.test(text) ? '' : 'no quantity',
        suggestion: text === 'limit:memory:2gb' ? 'limit:memory:2Gi' : ''
      }))
    );
    const onChange = vi.fn();
    render(<Options api={server.asApi} trans={trans} forms={forms} options={options} onChange={onChange} />);
    return { onChange };
  }

  it('a wrong value is told as it is typed, and not written', async () => {
    const { onChange } = setUp(['limit:memory:4Gi']);
    const input = screen.getByLabelText('Memory: quantity');
    fireEvent.change(input, { target: { value: '2gb' } });
    expect((await screen.findByRole('alert')).textContent).toContain('no quantity');
    fireEvent.keyDown(input, { key: 'Enter' });
    await act(async () => undefined);
    expect(onChange).not.toHaveBeenCalled();
    fireEvent.click(screen.getByRole('button', { name: 'Write limit:memory:2Gi' }));
    fireEvent.keyDown(input, { key: 'Enter' });
    await vi.waitFor(() => expect(onChange).toHaveBeenCalledWith('limit:memory:4Gi', 'limit:memory:2Gi'));
  });
  it('a new one is written once it is right, and can be removed', async () => {
    const { onChange } = setUp([]);
    fireEvent.change(screen.getByLabelText('Add an option'), { target: { value: 'limit:memory:' } });
    const input = screen.getByLabelText('Memory: quantity');
    expect(document.activeElement).toBe(input);
    fireEvent.change(input, { target: { value: '8Gi' } });
    fireEvent.keyDown(input, { key: 'Enter' });
    await vi.waitFor(() => expect(onChange).toHaveBeenCalledWith('', 'limit:memory:8Gi'));
  });
  it('words are chosen', () => {
    setUp(['cache:disabled']);
    expect((screen.getByLabelText('Cache: enabled|disabled') as HTMLSelectElement).value).toBe('disabled');
  });
});

it('a notebook that could not be opened is told, with the reason and no way to analyse it', async () => {
  const { open, props } = await propsOf([{}]);
  Object.assign(open.pipeline, { isReady: false, failure: new ApiError(400, 'Unreadable Notebook') });
  render(<NotebookNotices {...props} />);
  expect(screen.getByRole('alert').textContent).toBe('This notebook could not be opened.Unreadable Notebook');
  expect(screen.queryByRole('button')).toBeNull();
});
