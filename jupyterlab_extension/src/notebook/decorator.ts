/** What stands in one open notebook: badges, underlines, highlighted steps. Follows the notebook until it is closed. */
import type { Cell } from '@jupyterlab/cells';
import type { CodeMirrorEditor } from '@jupyterlab/codemirror';
import { TranslationBundle } from '@jupyterlab/translation';
import { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import { PanelLayout } from '@lumino/widgets';
import type { IDiagnostic } from '../api';
import type { NotebookPipeline } from '../model';
import type { KaleSettings } from '../settings';
import { Badge } from './badge';
import { badgeOf } from './badges';
import { KernelValues } from './kernel';
import { underline } from './underlines';

const HIGHLIGHT = 'jp-KaleLite-highlight';

export class NotebookDecorator implements IDisposable {
  constructor(
    private readonly pipeline: NotebookPipeline,
    private readonly settings: KaleSettings,
    private readonly trans: TranslationBundle,
    private readonly onEdit: (index: number) => void
  ) {
    const { panel } = pipeline;
    this.kernel = new KernelValues(panel.sessionContext);
    void panel.context.ready.then(() => {
      if (!this.isDisposed) {
        panel.context.model.cells.changed.connect(this.schedule, this);
        this.schedule();
      }
    });
    pipeline.changed.connect(this.onAnalysed, this);
    pipeline.selectionChanged.connect(this.highlight, this);
    settings.changed.connect(this.onSettings, this);
    this.kernel.changed.connect(this.schedule, this);
    panel.disposed.connect(this.dispose, this);
  }

  isDisposed = false;

  /** What the editor of a cell is attached to: its badge, or the cell where badges are hidden. */
  anchorOf(cell: Cell): HTMLElement {
    const badge = this.badges.get(cell);
    return badge?.isAttached ? badge.anchor : cell.node;
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this.isDisposed = true;
    cancelAnimationFrame(this.frame);
    this.settings.changed.disconnect(this.onSettings, this);
    this.pipeline.changed.disconnect(this.onAnalysed, this);
    this.pipeline.selectionChanged.disconnect(this.highlight, this);
    this.kernel.dispose();
    Signal.clearData(this);
  }

  private onAnalysed(): void {
    const steps = this.pipeline.analysis?.pipeline?.steps ?? [];
    if (this.settings.kernelValues && this.settings.flow) {
      this.kernel.watch([...new Set(steps.flatMap(step => [...step.inputs, ...step.outputs]))]);
    }
    this.schedule();
  }

  private onSettings(): void {
    this.marked = new WeakMap();
    this.onAnalysed();
  }

  /** Draw once before the next frame, however much has changed. */
  private schedule(): void {
    if (!this.frame && !this.isDisposed) {
      this.frame = requestAnimationFrame(() => {
        this.frame = 0;
        this.draw();
      });
    }
  }

  private draw(): void {
    if (this.isDisposed || this.pipeline.panel.isDisposed) {
      return;
    }
    this.pipeline.panel.content.widgets.forEach((cell, index) => {
      if (cell.model.type !== 'code') {
        return;
      }
      if (cell.isPlaceholder()) {
        this.drawWhenReady(cell);
      } else {
        this.drawCell(cell, index);
      }
    });
    this.highlight();
  }

  /** Cells far from what is seen have no parts yet. */
  private drawWhenReady(cell: Cell): void {
    if (!this.waiting.has(cell)) {
      this.waiting.add(cell);
      void cell.ready.then(() => this.schedule());
    }
  }

  private drawCell(cell: Cell, index: number): void {
    let badge = this.badges.get(cell);
    if (!this.settings.badges || this.pipeline.isRecord) {
      badge?.dispose();
      this.badges.delete(cell);
    } else {
      if (!badge) {
        badge = new Badge(() => this.onEdit(this.pipeline.panel.content.widgets.indexOf(cell)));
        this.badges.set(cell, badge);
        (cell.layout as PanelLayout).insertWidget(1, badge);
      }
      badge.draw(badgeOf(this.pipeline, index, this.settings.flow ? this.kernel.values : null, this.trans));
    }
    this.underline(cell, this.settings.underlines ? this.pipeline.diagnosticsOf(index + 1) : []);
  }

  private underline(cell: Cell, findings: IDiagnostic[]): void {
    const view = (cell.editor as CodeMirrorEditor | null)?.editor;
    // Until the notebook is analysed again, findings move along with the text that they are about.
    if (!view || this.pipeline.isStale) {
      return;
    }
    const key = JSON.stringify(findings);
    const known = this.marked.get(cell) ?? '[]';
    if (key !== known) {
      this.marked.set(cell, key);
      underline(view, findings, fix => this.pipeline.edits.fix(fix));
    }
  }

  private highlight(): void {
    const { hoveredStep, panel } = this.pipeline;
    if (panel.isDisposed) {
      return;
    }
    const cells = hoveredStep ? new Set(this.pipeline.cellsOf(hoveredStep)) : new Set<number>();
    panel.content.widgets.forEach((cell, index) => cell.node.classList.toggle(HIGHLIGHT, cells.has(index + 1)));
  }

  private readonly kernel: KernelValues;
  private readonly badges = new WeakMap<Cell, Badge>();
  private readonly waiting = new WeakSet<Cell>();
  private marked = new WeakMap<Cell, string>();
  private frame = 0;
}
