/** The marks at cells that failed: a box with the error below the code, until the cell is edited or the next run starts. */
import type { Cell } from '@jupyterlab/cells';
import { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon } from '@jupyterlab/ui-components';
import { IDisposable } from '@lumino/disposable';
import { PanelLayout, Widget } from '@lumino/widgets';
import type { IDiagnostic, IRun } from '../api';
import type { NotebookRuns } from '../runs';
import { problemsOf } from './events';
import { failureText } from './words';

/** Characters of the message that the box shows. */
const MOST = 1000;
const FAILED = 'jp-KaleLite-mod-failedCell';

interface IMark {
  cell: Cell;
  box: Widget;
  unmark: () => void;
}

/** The finding that says why a step failed, when that is at a cell of the notebook itself. */
function reasonOf(run: IRun, name: string): IDiagnostic | undefined {
  const step = run.steps[name];
  return step.status === 'failed' ? problemsOf(step).find(one => one.severity === 'error') : undefined;
}

export class FailureMarks implements IDisposable {
  constructor(
    private readonly runs: NotebookRuns,
    private readonly trans: TranslationBundle
  ) {
    runs.changed.connect(this.update, this);
    this.update();
  }

  isDisposed = false;

  /** Take all marks away: the next run begins. */
  clear(): void {
    [...this.marks.values()].forEach(mark => mark.unmark());
    this.taken.clear();
  }

  dispose(): void {
    if (!this.isDisposed) {
      this.isDisposed = true;
      this.runs.changed.disconnect(this.update, this);
      this.clear();
    }
  }

  private update(): void {
    const run = this.runs.current;
    const wanted = new Map<string, IDiagnostic>();
    for (const name of run ? Object.keys(run.steps) : []) {
      const reason = run && reasonOf(run, name);
      // A cell that is not as it ran is not marked: what it says is about other code.
      if (run && reason && this.runs.placeOf(reason) >= 0 && this.runs.isAsItRan(reason)) {
        wanted.set(`${run.id} ${name} ${run.steps[name].traceback ? 'traced' : ''}`, reason);
      }
    }
    for (const [key, mark] of this.marks) {
      if (!wanted.has(key) || mark.cell.isDisposed || mark.box.isDisposed) {
        mark.unmark();
      }
    }
    for (const [key, reason] of wanted) {
      if (!this.marks.has(key) && !this.taken.has(key)) {
        this.mark(key, reason);
      }
    }
  }

  private mark(key: string, reason: IDiagnostic): void {
    const cell = this.runs.pipeline.panel.content.widgets[this.runs.placeOf(reason)];
    if (!cell || this.runs.pipeline.panel.isDisposed) {
      return;
    }
    const step = this.runs.current?.steps[key.split(' ')[1]];
    const box = this.makeBox(reason, step?.traceback ?? '', () => this.takeAway(key));
    const onEdited = (): void => this.takeAway(key);
    cell.addClass(FAILED);
    cell.model.sharedModel.changed.connect(onChanged);
    function onChanged(_: unknown, change: { sourceChange?: unknown }): void {
      if (change.sourceChange) {
        onEdited();
      }
    }
    this.marks.set(key, {
      cell,
      box,
      unmark: () => {
        this.marks.delete(key);
        cell.model?.sharedModel.changed.disconnect(onChanged);
        box.dispose();
        if (!cell.isDisposed && ![...this.marks.values()].some(other => other.cell === cell)) {
          cell.removeClass(FAILED);
        }
      }
    });
    // A cell that was never in view has no parts yet.
    void cell.ready.then(() => this.place(cell, box));
  }

  private place(cell: Cell, box: Widget): void {
    if (cell.isDisposed || box.isDisposed) {
      return;
    }
    const layout = cell.layout as PanelLayout;
    const input = layout.widgets.findIndex(one => one.hasClass('jp-Cell-inputWrapper'));
    layout.insertWidget(input + 1, box);
  }

  /** The user has taken note. */
  private takeAway(key: string): void {
    this.taken.add(key);
    this.marks.get(key)?.unmark();
  }

  private makeBox(reason: IDiagnostic, traceback: string, close: () => void): Widget {
    const box = new Widget();
    box.addClass('jp-KaleLite-FailureBox');
    box.node.setAttribute('role', 'group');
    box.node.setAttribute('aria-label', this.trans.__('Why the step failed'));
    const head = element('div', 'jp-KaleLite-FailureBox-head');
    head.append(this.codeLink(reason.code), element('span', '', shortened(failureText(reason))));
    const button = document.createElement('button');
    button.className = 'jp-KaleLite-iconButton';
    button.title = this.trans.__('Take this mark away');
    button.setAttribute('aria-label', button.title);
    button.append(closeIcon.element({ tag: 'span' }));
    button.onclick = close;
    head.append(button);
    box.node.append(head);
    if (reason.hint) {
      box.node.append(element('div', 'jp-KaleLite-hint', reason.hint));
    }
    if (traceback) {
      const more = element('details', 'jp-KaleLite-Traceback');
      more.append(element('summary', '', this.trans.__('Traceback')), element('pre', '', traceback));
      box.node.append(more);
    }
    return box;
  }

  private codeLink(code: string): HTMLElement {
    const link = element('a', 'jp-KaleLite-FailureBox-code jp-KaleLite-link', code) as HTMLAnchorElement;
    link.href = this.runs.pipeline.api.pageUrl(code);
    link.target = '_blank';
    link.rel = 'noopener noreferrer';
    link.title = this.trans.__('What %1 means', code);
    return link;
  }

  private readonly marks = new Map<string, IMark>();
  /** Marks that were there and are not wanted again. */
  private readonly taken = new Set<string>();
}

function element(tag: string, className: string, text = ''): HTMLElement {
  const found = document.createElement(tag);
  found.className = className;
  found.textContent = text;
  return found;
}

/** The whole message is in the traceback. */
function shortened(text: string): string {
  return text.length > MOST ? `${text.slice(0, MOST)}…` : text;
}
