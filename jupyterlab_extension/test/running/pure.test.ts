import { describe, expect, it } from 'vitest';
import { shownCells } from '../../src/running/bounded';
import { compareRuns } from '../../src/running/compare';
import { applyEvent, firstError, progressOf, stepNames, stepSeconds, userCell } from '../../src/running/events';
import { duration, elapsed, moment, size, value } from '../../src/running/format';
import { asOnTerminal, StepLog } from '../../src/running/log';
import { withoutSecrets } from '../../src/running/remember';
import { makeRun, step } from './fakes';

describe('events', () => {
  it('tell a step that is tried again from one that begins: its time counts on', () => {
    let run = applyEvent(makeRun(), { type: 'step-started', time: 10, step: 'load', attempt: 1 });
    run = applyEvent(run, { type: 'step-started', time: 20, step: 'load', attempt: 2 });
    expect(run.steps.load).toMatchObject({ started: 10, attempts: 2, status: 'running' });
    expect(stepSeconds(run.steps.load, 25)).toBe(15);
  });

  it('of steps that the run does not have, and of kinds that are new, change nothing', () => {
    const run = makeRun();
    expect(applyEvent(run, { type: 'step-started', time: 1, step: 'other' })).toBe(run);
    expect(applyEvent(run, { type: 'something-new', time: 1, step: 'load' })).toBe(run);
    expect(applyEvent(run, { type: 'run-started', time: 1 })).toBe(run);
  });

  it('say why a step was skipped, and that it was taken over', () => {
    let run = applyEvent(makeRun(), { type: 'step-finished', time: 1, step: 'fit', status: 'skipped', because: 'load' });
    run = applyEvent(run, { type: 'step-finished', time: 1, step: 'load', status: 'done', seconds: 0, reused: '/r' });
    expect(run.steps.fit).toMatchObject({ status: 'skipped', because: 'load' });
    expect(progressOf(run)).toMatchObject({ total: 2, ended: 2, done: 1, reused: 1 });
  });

  it('leave the metrics of the steps standing when the run ends without any', () => {
    let run = applyEvent(makeRun(), { type: 'step-finished', time: 1, step: 'fit', status: 'done', metrics: { a: 1 } });
    run = applyEvent(run, { type: 'run-finished', time: 2, status: 'failed', seconds: 3, metrics: {}, report: '/r' });
    expect(run).toMatchObject({ status: 'failed', seconds: 3, metrics: { a: 1 }, report: true });
  });

  it('names steps in the order of the notebook, and cells as the user counts them', () => {
    const graph = { ...makeRun().graph, steps: [{ name: 'load' }, { name: 'fit' }], cells: { 4: { notebook: 'p.ipynb', cell: 2 } } };
    const run = makeRun({ graph: graph as never, steps: { fit: step('waiting'), load: step('waiting') } });
    expect(stepNames(run)).toEqual(['load', 'fit']);
    expect(userCell(run, 4)).toEqual({ notebook: 'p.ipynb', cell: 2 });
    expect(userCell(run, 3)).toEqual({ notebook: '', cell: 3 });
    expect(stepNames(makeRun({ graph: null as never }))).toEqual(['load', 'fit']);
  });

  it('finds the error that made the run fail, not a warning before it', () => {
    const warning = { code: 'KL409', severity: 'warning' };
    const error = { code: 'KL402', severity: 'error' };
    const run = makeRun({ steps: { load: step('done'), fit: step('failed', { diagnostics: [warning, error] as never }) } });
    expect(firstError(run)).toMatchObject({ step: 'fit', finding: { code: 'KL402' } });
  });
});

describe('text', () => {
  it.each([
    [0.04, '0.0 s'], [9.94, '9.9 s'], [9.96, '10 s'], [59.6, '1 min 00 s'], [185, '3 min 05 s'], [3599.7, '1 h 00 min'], [7800, '2 h 10 min']
  ])('%s seconds are %s', (seconds, text) => expect(duration(seconds)).toBe(text));

  it('counts running time in whole seconds', () => {
    expect([elapsed(0.9), elapsed(9.99), elapsed(59.99), elapsed(60)]).toEqual(['0 s', '9 s', '59 s', '1 min 00 s']);
  });

  it.each([
    [3, '3'], [0.1234567, '0.123457'], [1e-9, '1e-9'], ['a b', 'a b'], ['NaN', 'NaN'], [null, 'None'], [[1, 'a'], "[1, 'a']"], [true, 'True'], [1234567, '1234567']
  ])('shows %j as %s', (found, text) => expect(value(found)).toBe(text));

  it('names the day of what is not of today', () => {
    const now = new Date(2026, 4, 3, 12).getTime();
    expect(moment(new Date(2026, 4, 3, 9, 5).getTime() / 1000, now, 'en-GB')).toBe('09:05');
    expect(moment(new Date(2026, 3, 30, 9, 5).getTime() / 1000, now, 'en-GB')).toBe('30 Apr, 09:05');
    expect(moment(new Date(2025, 3, 30, 9, 5).getTime() / 1000, now, 'en-GB')).toBe('30 Apr 2025, 09:05');
  });

  it('keeps sizes short', () => {
    expect([size(999), size(1000), size(30_000), size(1_500_000), size(999_600)]).toEqual(['999 B', '1.0 kB', '30 kB', '1.5 MB', '1.0 MB']);
  });

  it('remembers no name or password of an address', () => {
    expect(withoutSecrets('https://me:secret@host/pipeline?token=x')).toBe('https://host/pipeline');
    expect(withoutSecrets('http://localhost:8080')).toBe('http://localhost:8080');
    expect(withoutSecrets('https://host/a@b')).toBe('https://host/a@b');
  });
});

describe('the log of a step', () => {
  const texts = (log: StepLog): string[] => log.lines.map(line => line.text);

  it('joins parts of a line, and tells streams and cells apart', () => {
    const log = new StepLog();
    log.add('one', 'stdout', 1);
    log.add(' line\ntwo\n', 'stdout', 1);
    log.add('oops', 'stderr', 1);
    log.add('next', 'stdout', 2);
    expect(texts(log)).toEqual(['one line', 'two', 'oops', 'next']);
    expect(log.lines[2].stream).toBe('stderr');
  });

  it('keeps empty lines', () => {
    const log = new StepLog();
    log.add('a\n\nb\n', 'stdout', 1);
    log.add('\n', 'stdout', 1);
    expect(texts(log)).toEqual(['a', '', 'b', '']);
  });

  it('shows a progress bar as the line that it is', () => {
    const log = new StepLog();
    for (const part of ['\r 10%', '\r 50%', '\r100%', '\n', 'done\r\n', 'x']) {
      log.add(part, 'stderr', 1);
    }
    expect(texts(log)).toEqual(['100%', 'done', 'x']);
    const ending = new StepLog();
    ['10%\r', '20%\r', '\n'].forEach(part => ending.add(part, 'stdout', 1));
    expect(texts(ending)).toEqual(['20%']);
  });

  it('collapses progress bars of finished text likewise', () => {
    expect(asOnTerminal('a\r\n 10%\r 20%\r\nend')).toBe('a\n 20%\nend');
  });

  it('leaves colours and links of terminals out', () => {
    const log = new StepLog();
    log.add('\u001b[1;31mred\u001b[0m \u001b]8;;http://x\u0007link\u001b]8;;\u0007', 'stdout', 1);
    expect(texts(log)).toEqual(['red link']);
  });

  it('is bounded: the newest lines stay, long ones are cut', () => {
    const log = new StepLog(3);
    log.add('1\n2\n3\n4\n5\n', 'stdout', 1);
    expect(texts(log)).toEqual(['3', '4', '5']);
    expect(log.dropped).toBe(2);
    log.add('x'.repeat(1_000_000), 'stdout', 1);
    expect(log.lines[2].text.length).toBe(2001);
  });
});

describe('outputs', () => {
  const notebook = (outputs: object[], metadata: object = { kale_lite: { cell: 3 } }) =>
    ({ cells: [{ cell_type: 'code', metadata, source: '', outputs }] }) as never;

  it('are those of the user’s cells, not of the ones that load and save', () => {
    const output = { output_type: 'stream', name: 'stdout', text: 'x' };
    expect(shownCells(notebook([output], {}))).toEqual([]);
    expect(shownCells(notebook([], { kale_lite: { cell: 3 } }))).toEqual([]);
    expect(shownCells(notebook([output]))[0].cell).toBe(3);
    expect(shownCells({} as never)).toEqual([]);
  });

  it('join what one stream printed, and show its end', () => {
    const parts = [
      { output_type: 'stream', name: 'stdout', text: ['a\n', 'b\n'] },
      { output_type: 'stream', name: 'stdout', text: 'c' },
      { output_type: 'stream', name: 'stderr', text: 'd' }
    ];
    const [cell] = shownCells(notebook(parts));
    expect(cell.outputs.map(one => one.bundle)).toEqual([
      { 'application/vnd.jupyter.stdout': 'a\nb\nc' },
      { 'application/vnd.jupyter.stderr': 'd' }
    ]);
    const [long] = shownCells(notebook([{ output_type: 'stream', name: 'stdout', text: 'x'.repeat(25_000) + 'end' }]));
    expect(long.outputs[0].cut).toBe(5003);
    expect(String(long.outputs[0].bundle?.['application/vnd.jupyter.stdout'])).toMatch(/end$/);
  });

  it('leave a kind out that is too large, and say how much when nothing better is left', () => {
    const html = { 'text/html': 'x'.repeat(3_000_000), 'text/plain': 'a table' };
    const [cell] = shownCells(notebook([{ output_type: 'display_data', data: html, metadata: {} }]));
    expect(cell.outputs[0]).toMatchObject({ bundle: { 'text/plain': 'a table' }, cut: 3_000_000 });
    const image = { 'image/png': 'x'.repeat(3_000_000) };
    const [other] = shownCells(notebook([{ output_type: 'display_data', data: image, metadata: {} }]));
    expect(other.outputs[0]).toMatchObject({ bundle: null, cut: 3_000_000 });
  });

  it('do not count plain text as cut when there is something richer', () => {
    const data = { 'text/html': '<b>table</b>', 'text/plain': 'x'.repeat(30_000) };
    const [cell] = shownCells(notebook([{ output_type: 'execute_result', data, metadata: {} }]));
    expect(cell.outputs[0].cut).toBe(0);
  });

  it('are twenty of a cell at most', () => {
    const many = Array.from({ length: 25 }, () => ({ output_type: 'display_data', data: { 'text/plain': 'x' }, metadata: {} }));
    const [cell] = shownCells(notebook(many));
    expect([cell.outputs.length, cell.more]).toEqual([20, 5]);
  });
});

describe('comparing runs', () => {
  const first = makeRun({
    id: 1, status: 'done', seconds: 10, parameters: { seed: 1, folds: 5 }, metrics: { accuracy: 0.9, loss: 0.5 },
    steps: { load: step('done', { seconds: 2 }), fit: step('done', { seconds: 8 }) }
  });
  const second = makeRun({
    id: 2, status: 'failed', seconds: 4, parameters: { seed: 2, folds: 5 }, metrics: { accuracy: 0.95 },
    steps: { load: step('done', { reused: '/r', seconds: 0 }), fit: step('failed', { seconds: 4 }), extra: step('skipped') }
  });
  const found = compareRuns([first, second]);
  const row = (group: keyof typeof found, name: string) => found[group].find(one => one.name === name)!;

  it('marks what differs, and nothing else', () => {
    expect(row('parameters', 'seed').differs).toBe(true);
    expect(row('parameters', 'folds').differs).toBe(false);
    expect(row('run', 'status').differs).toBe(true);
    expect(row('steps', 'fit').differs).toBe(true);
  });

  it('takes times, and steps that were taken over, for no difference', () => {
    expect(row('run', 'seconds').differs).toBe(false);
    expect(row('steps', 'load').differs).toBe(false);
    expect(row('steps', 'load').entries.map(one => one.state)).toEqual(['done', 'reused']);
  });

  it('says by how much a number differs from the first run', () => {
    expect(row('metrics', 'accuracy').entries).toEqual([{ text: '0.9', change: undefined }, { text: '0.95', change: '+0.05' }]);
    const back = compareRuns([second, first]).metrics.find(one => one.name === 'accuracy')!;
    expect(back.entries[1].change).toBe('−0.05');
  });

  it('shows what only one of them has', () => {
    expect(row('metrics', 'loss').entries.map(one => one.text)).toEqual(['0.5', '–']);
    expect(row('metrics', 'loss').differs).toBe(true);
    expect(row('steps', 'extra').entries[0]).toEqual({ text: '–' });
  });

  it('takes the notebook’s default for a parameter that a run did not set', () => {
    const graph = { ...makeRun().graph, parameters: [{ name: 'seed', default: 2 }] };
    const third = makeRun({ id: 3, graph: graph as never, parameters: {} });
    const rows = compareRuns([second, third]).parameters;
    expect(rows.find(one => one.name === 'seed')!.differs).toBe(false);
  });

  it('tells values apart that look alike when they are short', () => {
    const rows = compareRuns([makeRun({ metrics: { a: 0.12345678 } }), makeRun({ metrics: { a: 0.12345679 } })]).metrics;
    expect(rows[0].differs).toBe(true);
  });

  it('bears a run whose record was deleted', () => {
    const gone = makeRun({ id: 4, kept: false, graph: null as never, steps: {}, parameters: { seed: 1 } });
    expect(compareRuns([first, gone]).steps.every(one => one.differs)).toBe(true);
  });
});
