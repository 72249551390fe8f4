/** Findings as underlines in the editor of their cell, with message and fixes where the pointer is. */
import { setDiagnostics } from '@codemirror/lint';
import type { Action, Diagnostic } from '@codemirror/lint';
import type { Text } from '@codemirror/state';
import type { EditorView } from '@codemirror/view';
import type { IDiagnostic, IFix } from '../api';

/** Where a finding is underlined: its word, or its line where it has no column. Null where it is of no line. */
export function rangeOf(text: Text, finding: Pick<IDiagnostic, 'line' | 'column'>): { from: number; to: number } | null {
  if (finding.line < 1 || finding.line > text.lines) {
    return null;
  }
  const line = text.line(finding.line);
  if (finding.column < 1 || finding.column > line.length) {
    const indent = line.text.length - line.text.trimStart().length;
    return { from: line.from + indent, to: line.from + line.text.trimEnd().length || line.to };
  }
  const from = line.from + finding.column - 1;
  const word = /^[\p{L}\p{N}_.]+/u.exec(line.text.slice(finding.column - 1));
  return { from, to: word ? from + word[0].length : line.to };
}

function rendered(finding: IDiagnostic): Node {
  const node = document.createElement('div');
  node.append(finding.message);
  if (finding.hint) {
    const hint = document.createElement('div');
    hint.className = 'jp-KaleLite-hint';
    hint.textContent = finding.hint;
    node.append(hint);
  }
  return node;
}

/** Underline these findings in an editor, in place of earlier ones. */
export function underline(view: EditorView, findings: readonly IDiagnostic[], onFix: (fix: IFix) => void): void {
  const found: Diagnostic[] = [];
  for (const finding of findings) {
    const range = rangeOf(view.state.doc, finding);
    if (range) {
      const actions: Action[] = (finding.fixes ?? []).map(fix => ({ name: fix.title, apply: () => onFix(fix) }));
      found.push({
        ...range,
        severity: finding.severity,
        source: finding.code,
        message: finding.message,
        renderMessage: () => rendered(finding),
        actions
      });
    }
  }
  view.dispatch(setDiagnostics(view.state, found.sort((a, b) => a.from - b.from)));
}
