import { nullTranslator } from '@jupyterlab/translation';
import { act, cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import * as React from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError, IDiagnostic, IRun } from '../../src/api';
import { SectionMemory } from '../../src/panel/section';
import { RunBar } from '../../src/running/bar';
import { ComparisonTable } from '../../src/running/comparison';
import { HistorySection } from '../../src/running/history';
import { KfpSection } from '../../src/running/kfp';
import { RunSection } from '../../src/running/run';
import { begin } from '../../src/running/submitting';
import { whyNotRun } from '../../src/running/words';
import { NotebookRuns } from '../../src/runs';
import { CommandIDs, IKaleLite } from '../../src/tokens';
import { FakeApi, FakeNotebook, makeRow, makeRun, step } from './fakes';

const trans = nullTranslator.load('kale_lite');
let api: FakeApi;
let notebook: FakeNotebook;
let runs: NotebookRuns;
let commands: CommandRegistry;
let kale: IKaleLite;
let memory: SectionMemory;

const ERROR: IDiagnostic = {
  code: 'KL402', severity: 'error', notebook: '', cell: 2, line: 1, column: 0, step: 'fit',
  message: "step 'fit' failed: ValueError: bad", hint: 'try another'
};

/** Everything that the parts of the panel need, with runs as the server tells them. */
async function setUp(current: Partial<IRun> | null, rows = current ? [makeRow(current)] : []): Promise<void> {
  api.runs.mockResolvedValue(rows);
  api.run.mockImplementation(async id => makeRun({ events: 0, ...current, id }));
  const pipeline = notebook.pipeline;
  runs = new NotebookRuns(pipeline, api.asApi);
  const owner = {};
  const info = { targets: [{ name: 'kfp', label: 'KFP', ready: true, hint: '' }], kfp_host: 'http://kfp.example' };
  kale = {
    api: api.asApi,
    pipelines: { current: pipeline, currentChanged: new Signal(owner) },
    runs: { of: () => runs },
    known: info,
    infoChanged: new Signal(owner)
  } as unknown as IKaleLite;
  await act(() => vi.waitFor(() => expect(runs.isKnown).toBe(true)));
  await act(async () => undefined);
}

const props = () => ({ kale, commands, trans, memory });

beforeEach(() => {
  localStorage.clear();
  api = new FakeApi();
  notebook = new FakeNotebook();
  commands = new CommandRegistry();
  memory = new SectionMemory(null);
});

afterEach(() => {
  cleanup();
  runs.dispose();
});

describe('the buttons', () => {
  it('start a run by the command', async () => {
    const execute = vi.fn();
    commands.addCommand(CommandIDs.run, { execute });
    await setUp(null);
    render(<RunBar {...props()} />);
    fireEvent.click(screen.getByRole('button', { name: 'Compile and run' }));
    expect(execute).toHaveBeenCalledTimes(1);
    expect(screen.getByRole('button', { name: 'Stop' }).getAttribute('aria-disabled')).toBe('true');
  });

  it('say why they do nothing, and do nothing', async () => {
    const execute = vi.fn();
    commands.addCommand(CommandIDs.run, { execute });
    notebook.diagnostics = [{ ...ERROR, code: 'KL101' }];
    await setUp(null);
    render(<RunBar {...props()} />);
    const button = screen.getByRole('button', { name: 'Compile and run' });
    fireEvent.click(button);
    expect(execute).not.toHaveBeenCalled();
    expect(document.getElementById(button.getAttribute('aria-describedby')!)?.textContent).toBe(
      '1 error has to be mended first.'
    );
  });

  it('submit where the target is Kubeflow Pipelines, once it is said where', async () => {
    const execute = vi.fn();
    commands.addCommand(CommandIDs.run, { execute });
    notebook.target = 'kfp';
    await setUp(null);
    Object.assign(kale.known!, { kfp_host: '' });
    const view = render(<RunBar {...props()} />);
    const button = (): HTMLElement => screen.getByRole('button', { name: 'Compile and submit' });
    expect(button().title).toBe('Say where the server is, in the section Kubeflow Pipelines.');
    fireEvent.click(button());
    expect(execute).not.toHaveBeenCalled();
    notebook.submission.host = 'http://kfp.example';
    notebook.submission.experiment = 'mine';
    view.rerender(<RunBar {...props()} />);
    expect(button().title).toBe('Save the notebook, compile it, and submit it to http://kfp.example');
    fireEvent.click(button());
    expect(execute).toHaveBeenCalled();
    await act(() => begin(runs, kale.known));
    expect(api.start).toHaveBeenCalledWith({
      path: 'work/demo.ipynb', target: 'kfp', host: 'http://kfp.example', experiment: 'mine', run_name: ''
    });
  });

  it('start nothing while the value of a parameter is wrong, but go on with a run', async () => {
    const execute = vi.fn();
    commands.addCommand(CommandIDs.run, { execute });
    notebook.parameterProblems = { days: 'int' };
    await setUp({ status: 'failed' });
    render(<RunBar {...props()} />);
    const button = screen.getByRole('button', { name: 'Compile and run' });
    fireEvent.click(button);
    expect(execute).not.toHaveBeenCalled();
    expect(button.title).toBe('days: a whole number is wanted, such as 3.');
    expect(whyNotRun(runs.pipeline, runs, trans)).toBe('');
  });

  it('wait until the notebook is loaded, and say when it could not be', async () => {
    await setUp(null);
    Object.assign(kale.pipelines.current!, { isReady: false });
    const view = render(<RunBar {...props()} />);
    const button = screen.getByRole('button', { name: 'Compile and run' });
    expect(button.getAttribute('aria-disabled')).toBe('true');
    expect(button.title).toBe('The notebook is being opened.');
    Object.assign(kale.pipelines.current!, { failure: new ApiError(400, 'Unreadable Notebook') });
    view.rerender(<RunBar {...props()} />);
    expect(button.title).toBe('This notebook could not be opened.');
  });

  it('do not run the record of a run', async () => {
    await setUp(null);
    Object.assign(kale.pipelines.current!, { isRecord: true });
    render(<RunBar {...props()} />);
    expect(screen.getByRole('button', { name: 'Compile and run' }).getAttribute('aria-disabled')).toBe('true');
    expect(screen.getByText('This is the record of a run; it is not to be run.')).toBeTruthy();
  });

  it('lead from a failed run to its cell in one click', async () => {
    await setUp({ status: 'failed', steps: { load: step('done'), fit: step('failed', { diagnostics: [ERROR] }) } });
    render(<RunBar {...props()} />);
    fireEvent.click(screen.getByRole('button', { name: 'Cell 2' }));
    expect(notebook.reveal).toHaveBeenCalledWith({ index: 1, line: 1 });
  });
});

describe('the run', () => {
  it('shows each step with its state in words, and says what changes', async () => {
    await setUp({ steps: { load: step('running', { started: 1 }), fit: step('waiting') } });
    const { container } = render(<RunSection {...props()} />);
    expect(screen.getByRole('button', { name: /running load/ })).toBeTruthy();
    expect(screen.getByRole('progressbar').getAttribute('aria-valuenow')).toBe('0');
    act(() => api.socket.event(0, { type: 'step-finished', step: 'load', status: 'done', seconds: 2 }));
    await waitFor(() => expect(screen.getByRole('button', { name: /done load/ })).toBeTruthy());
    expect(container.querySelector('[aria-live=polite]')?.textContent).toBe('load done. 1 of 2 steps');
  });

  it('marks a step that has warnings, and how many', async () => {
    const warning = { ...ERROR, code: 'KL409', severity: 'warning' as const };
    await setUp({ status: 'done', steps: { load: step('done'), fit: step('done', { diagnostics: [warning, warning] }) } });
    render(<RunSection {...props()} />);
    expect(screen.getByRole('button', { name: /fit/ }).querySelector('[role=img]')?.getAttribute('aria-label')).toBe('2 warnings');
    expect(screen.getByRole('button', { name: /load/ }).querySelector('[role=img]')).toBeNull();
  });

  it('shows what was refused, with its findings', async () => {
    api.start.mockRejectedValue(new ApiError(422, 'the notebook has errors', '', [{ ...ERROR, message: 'no such name' }]));
    await setUp(null);
    await act(() => runs.start());
    render(<RunSection {...props()} />);
    expect(screen.getByRole('alert').textContent).toContain('Not started: the notebook has errors');
    expect(screen.getByText(/no such name/)).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Dismiss' }));
    await waitFor(() => expect(screen.queryByRole('alert')).toBeNull());
  });

  it('says that the server is away, and lets it be tried now', async () => {
    await setUp({});
    api.run.mockRejectedValue(new ApiError(0, 'away'));
    render(<RunSection {...props()} />);
    await act(async () => api.socket.drop());
    await waitFor(() => expect(screen.getByRole('alert').textContent).toContain('The server does not answer'));
    const before = api.run.mock.calls.length;
    await act(async () => fireEvent.click(screen.getByRole('button', { name: 'Try now' })));
    expect(api.run.mock.calls.length).toBeGreaterThan(before);
  });

  it('says which values it goes on with, where the panel has others', async () => {
    const [days, city] = [{ name: 'days', type: 'int' as const, default: 7, cell: 1, line: 1 }, { name: 'city', type: 'str' as const, default: 'Oslo', cell: 1, line: 2 }];
    notebook.parameters = [days, city];
    notebook.parameterValues = { days: 5 };
    await setUp({ status: 'failed', parameters: { days: 30, city: 'Oslo' } });
    const view = render(<RunSection {...props()} />);
    const button = (): HTMLElement => screen.getByRole('button', { name: 'Go on with this run' });
    expect(button().title).toBe('Goes on with days = 30, as that run; Compile and run takes the new values.');
    expect(document.getElementById(button().getAttribute('aria-describedby')!)?.textContent).toBe(button().title);
    notebook.parameterValues = { days: 30 };
    view.rerender(<RunSection {...props()} />);
    expect(button().title).toBe('What was done is taken over');
    notebook.parameterProblems = { city: 'literal' };
    view.rerender(<RunSection {...props()} />);
    expect(button().title).toContain("city = 'Oslo'");
  });

  it('says that cells have changed', async () => {
    await setUp(null);
    await act(() => runs.start());
    notebook.cells[0] = { id: 'a', source: 'x = 2' };
    render(<RunSection {...props()} />);
    expect(screen.getByText('1 cell has changed since this run started.')).toBeTruthy();
  });

  it('leads from a code to its page', async () => {
    await setUp({ status: 'failed', steps: { load: step('done'), fit: step('failed', { diagnostics: [ERROR] }) } });
    render(<RunSection {...props()} />);
    expect(screen.getByRole('link', { name: 'KL402' }).getAttribute('href')).toMatch(/kale-lite\/pages\/KL402$/);
  });

  it('says of what a step printed what holds now: while it runs, and after it', async () => {
    await setUp({ steps: { load: step('running', { started: 1 }), fit: step('waiting') } });
    render(<RunSection {...props()} />);
    fireEvent.click(screen.getByRole('button', { name: /running load/ }));
    expect(screen.getByText('Nothing has been printed yet.')).toBeTruthy();
    const more = { text: 'much', stream: 'stdout', cell: 1, truncated: true };
    act(() => api.socket.event(0, { type: 'step-output', step: 'load', ...more }));
    await screen.findByText(/is not told while the step runs/);
    act(() => api.socket.event(1, { type: 'step-finished', step: 'load', status: 'done', seconds: 2 }));
    await screen.findByRole('button', { name: /done load/ });
    fireEvent.click(screen.getByRole('tab', { name: 'Log' }));
    expect(screen.queryByText(/is not told while the step runs/)).toBeNull();
    expect(screen.getByText('What came after is in the outputs of the step and its notebook.')).toBeTruthy();
  });

  it('opens no links but those of the web', async () => {
    await setUp({ status: 'done', link: 'javascript:alert(1)' });
    const { container } = render(<RunSection {...props()} />);
    expect(container.querySelector('a')).toBeNull();
  });
});

it('the heading of a run names it alone, and what is folded stays so', async () => {
  await setUp({ id: 4, status: 'done' });
  render(<RunSection {...props()} />);
  expect(screen.getByRole('heading', { name: 'Run 4' })).toBeTruthy();
  expect(screen.getByRole('button', { name: 'Show no run' })).toBeTruthy();
  fireEvent.click(screen.getByRole('button', { name: 'Run 4' }));
  await waitFor(() => expect(screen.queryByRole('list', { name: 'Steps' })).toBeNull());
  expect(memory.isOpen('run', true)).toBe(false);
});

it('a folded run is unfolded by what leads to it', async () => {
  Element.prototype.scrollIntoView = vi.fn();
  await setUp({ id: 4, status: 'done' });
  memory.set('run', false);
  render(<><RunBar {...props()} /><RunSection {...props()} /></>);
  expect(screen.queryByRole('list', { name: 'Steps' })).toBeNull();
  fireEvent.click(screen.getByRole('button', { name: 'Details' }));
  await screen.findByRole('list', { name: 'Steps' });
  expect(document.activeElement?.textContent).toBe('Run 4');
});

describe('the history', () => {
  it('is one line when it is empty', async () => {
    await setUp(null);
    render(<HistorySection {...props()} />);
    expect(screen.getByText('No runs of this notebook yet.')).toBeTruthy();
  });

  it('is short at first', async () => {
    await setUp({ id: 8, status: 'done' }, Array.from({ length: 8 }, (_, at) => makeRow({ id: 8 - at, status: 'done' })));
    render(<HistorySection {...props()} />);
    expect(screen.getAllByRole('checkbox').length).toBe(5);
    fireEvent.click(screen.getByRole('button', { name: 'Show all 8' }));
    expect(screen.getAllByRole('checkbox').length).toBe(8);
  });

  it('compares the runs that were chosen', async () => {
    const execute = vi.fn();
    commands.addCommand('kale-lite:compare-runs', { execute });
    await setUp({ id: 2, status: 'done' }, [makeRow({ id: 2, status: 'done' }), makeRow({ id: 1, status: 'failed' })]);
    render(<HistorySection {...props()} />);
    fireEvent.click(screen.getByRole('button', { name: 'Compare' }));
    expect(execute).not.toHaveBeenCalled();
    screen.getAllByRole('checkbox').forEach(one => fireEvent.click(one));
    fireEvent.click(screen.getByRole('button', { name: 'Compare 2 runs' }));
    expect(execute).toHaveBeenCalledWith({ ids: [2, 1] });
  });

  it('deletes and resumes only what has ended', async () => {
    await setUp({ id: 3 }, [makeRow({ id: 3 }), makeRow({ id: 2, status: 'failed' }), makeRow({ id: 1, status: 'done' })]);
    render(<HistorySection {...props()} />);
    expect(screen.queryByRole('button', { name: 'Delete run 3' })).toBeNull();
    expect(screen.getByRole('button', { name: 'Delete run 2' })).toBeTruthy();
    const resume = screen.getByRole('button', { name: /Run 2 again from where it failed/ });
    expect(resume.getAttribute('aria-disabled')).toBe('true');
    fireEvent.click(resume);
    expect(api.resume).not.toHaveBeenCalled();
  });
});

describe('Kubeflow Pipelines', () => {
  async function form(): Promise<HTMLInputElement> {
    await setUp(null);
    render(<KfpSection {...props()} />);
    fireEvent.click(screen.getByRole('button', { name: 'Kubeflow Pipelines' }));
    await waitFor(() => expect((screen.getByLabelText('Server') as HTMLInputElement).value).toBe('http://kfp.example'));
    return screen.getByLabelText('Server') as HTMLInputElement;
  }

  it('submits to where the user says, and remembers it', async () => {
    const host = await form();
    fireEvent.change(host, { target: { value: 'http://other.example' } });
    fireEvent.change(screen.getByLabelText('Experiment'), { target: { value: 'mine' } });
    await act(async () => fireEvent.click(screen.getByRole('button', { name: 'Submit' })));
    expect(api.start).toHaveBeenCalledWith({
      path: 'work/demo.ipynb', target: 'kfp', host: 'http://other.example', experiment: 'mine', run_name: ''
    });
    expect(localStorage.getItem('kale-lite:kfp-host')).toBe('http://other.example');
  });

  it('takes no password', async () => {
    const host = await form();
    fireEvent.change(host, { target: { value: 'http://me:secret@other.example' } });
    await act(async () => fireEvent.click(screen.getByRole('button', { name: 'Submit' })));
    expect(api.start).not.toHaveBeenCalled();
    expect(JSON.stringify({ ...localStorage })).not.toContain('secret');
  });
});

it('marks differences of runs with a sign, and can show them alone', async () => {
  await setUp(null);
  const two = [makeRun({ id: 1, parameters: { seed: 1, folds: 5 } }), makeRun({ id: 2, parameters: { seed: 2, folds: 5 } })];
  render(<ComparisonTable runs={two} trans={trans} />);
  expect(screen.getByRole('row', { name: /seed/ }).textContent).toContain('≠');
  expect(screen.getByRole('row', { name: /folds/ }).textContent).not.toContain('≠');
  fireEvent.click(screen.getByRole('checkbox'));
  expect(screen.queryByRole('row', { name: /folds/ })).toBeNull();
});
