/** What stands in all open notebooks, and the cell editor that is open, if one is. */
import type { Cell } from '@jupyterlab/cells';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { TranslationBundle } from '@jupyterlab/translation';
import type { NotebookPipeline } from '../model';
import type { IKaleLite } from '../tokens';
import { NotebookDecorator } from './decorator';
import { CellEditor } from './editor';

/** The code cells (by index) that a command is about: the selected ones, or a given one. */
export function selectedCells(pipeline: NotebookPipeline): number[] {
  const notebook = pipeline.panel.content;
  return notebook.widgets.flatMap((cell, index) =>
    cell.model.type === 'code' && notebook.isSelectedOrActive(cell) ? [index] : []
  );
}

export class NotebookSide {
  constructor(
    notebooks: INotebookTracker,
    private readonly kale: IKaleLite,
    private readonly trans: TranslationBundle
  ) {
    notebooks.forEach(panel => this.decorate(panel));
    notebooks.widgetAdded.connect((_, panel) => this.decorate(panel));
    notebooks.currentChanged.connect(() => this.editor?.close());
  }

  /** Open the editor of the selected cells, or of one cell (by index). */
  async edit(pipeline: NotebookPipeline, index?: number): Promise<void> {
    if (this.editor && !(await this.editor.inputs.take())) {
      return; // what was typed there is wrong, and would be lost
    }
    this.editor?.dispose();
    this.editor = null;
    const selected = selectedCells(pipeline);
    const indices = index === undefined || selected.includes(index) ? selected : [index];
    const cells = indices.map(one => pipeline.panel.content.widgets[one]);
    if (!cells.length) {
      return;
    }
    await this.bringIntoView(pipeline, indices[0], cells[0]);
    const decorator = this.decorators.get(pipeline.panel);
    const { kale, trans } = this;
    const editor = new CellEditor({ kale, pipeline, trans }, cells, cell => decorator?.anchorOf(cell) ?? cell.node);
    this.editor = editor;
    editor.disposed.connect(() => {
      this.editor = this.editor === editor ? null : this.editor;
    });
    editor.open();
  }

  private async bringIntoView(pipeline: NotebookPipeline, index: number, cell: Cell): Promise<void> {
    await pipeline.panel.content.scrollToItem(index, 'smart').catch(() => undefined);
    if (cell.isPlaceholder()) {
      await cell.ready;
    }
  }

  private decorate(panel: NotebookPanel): void {
    const pipeline = this.kale.pipelines.of(panel);
    const edit = (index: number): void => {
      const { content } = panel;
      if (!content.isSelectedOrActive(content.widgets[index])) {
        content.deselectAll();
        content.activeCellIndex = index;
      }
      void this.edit(pipeline, index);
    };
    this.decorators.set(panel, new NotebookDecorator(pipeline, this.kale.settings, this.trans, edit));
  }

  private editor: CellEditor | null = null;
  private readonly decorators = new WeakMap<NotebookPanel, NotebookDecorator>();
}
