/** What a cell's badge says. No DOM is touched here. */
import { TranslationBundle } from '@jupyterlab/translation';
import type { ICellInfo, IDiagnostic, IStep, Severity } from '../api';
import type { NotebookPipeline } from '../model';
import { roleWord } from '../panel/words';
import { readTags } from '../tags';
import type { IBadge } from './badge';

const ORDER: Severity[] = ['error', 'warning', 'info'];

/** The badge of a code cell (by index). `values`: types and sizes by name; null when nothing of what flows is shown. */
export function badgeOf(
  pipeline: NotebookPipeline,
  index: number,
  values: ReadonlyMap<string, string> | null,
  trans: TranslationBundle
): IBadge {
  const number = index + 1;
  const info = pipeline.cellInfo(number);
  const own = readTags(pipeline.tagsOf(index));
  const role = own.role ?? info?.role ?? null;
  const step = own.step || (own.role === null || own.role === info?.role ? (info?.step ?? '') : '');
  const isJoined = own.role === null;
  const text = step && role !== 'skip' ? step : role && !isJoined ? roleWord(role, trans) : '';
  const findings = pipeline.diagnosticsOf(number);
  const flow = values ? flowOf(pipeline, info, values, trans) : { short: '', full: '' };
  return {
    role,
    text: role === 'metrics' && step ? trans.__('Metrics') : text,
    title: titleOf(number, text, own.role, isJoined, trans),
    index: pipeline.stepIndex(step),
    isJoined,
    findings: findings.length,
    worst: ORDER.find(severity => findings.some(one => one.severity === severity)) ?? '',
    findingsTitle: findings.map(findingText).join('\n'),
    flow: flow.short,
    flowTitle: flow.full
  };
}

function findingText(finding: IDiagnostic): string {
  return finding.hint ? `${finding.message}\n    ${finding.hint}` : finding.message;
}

function titleOf(
  number: number,
  text: string,
  role: ICellInfo['role'] | null,
  isJoined: boolean,
  trans: TranslationBundle
): string {
  if (isJoined) {
    return text
      ? trans.__('Cell %1 goes on with step %2. Edit…', String(number), text)
      : trans.__('Cell %1 is of no step yet. Edit…', String(number));
  }
  const word = role ? roleWord(role, trans) : '';
  return word === text || !text
    ? trans.__('Cell %1: %2. Edit…', String(number), word)
    : trans.__('Cell %1: %2 %3. Edit…', String(number), word, text);
}

/** What the step that begins at a cell receives and gives on. */
function flowOf(
  pipeline: NotebookPipeline,
  info: ICellInfo | undefined,
  values: ReadonlyMap<string, string>,
  trans: TranslationBundle
): { short: string; full: string } {
  const step = info?.first ? pipeline.step(info.step) : undefined;
  if (!step) {
    return { short: '', full: '' };
  }
  const told = (names: readonly string[]): string =>
    names.map(name => (values.has(name) ? `${name} (${values.get(name)})` : name)).join(', ');
  const parts = flowParts(step, told, trans);
  return { short: parts.join(' · '), full: parts.join('\n') };
}

function flowParts(step: IStep, told: (names: readonly string[]) => string, trans: TranslationBundle): string[] {
  const parts: string[] = [];
  if (step.inputs.length) {
    parts.push(trans.__('receives %1', told(step.inputs)));
  }
  if (step.outputs.length) {
    parts.push(trans.__('gives on %1', told(step.outputs)));
  }
  return parts;
}
