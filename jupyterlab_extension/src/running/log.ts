/** What a step printed, bounded: the newest lines are kept. */

// Escape sequences of terminals: colours and cursor movements (CSI), and titles and links (OSC).
// eslint-disable-next-line no-control-regex
const ANSI = /\u001b\[[0-9;?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)/g;
/** Longer lines are cut: a page of one line of megabytes would stand still. */
const LINE = 2000;

export interface ILogLine {
  readonly number: number;
  readonly text: string;
  readonly stream: string;
  readonly cell: number;
}

/** The log of one step. */
export class StepLog {
  constructor(private readonly most = 1000) {}

  /** The kept lines, the oldest first. A new list after each change. */
  lines: readonly ILogLine[] = [];
  /** How many earlier lines were let go. */
  dropped = 0;
  /** Cells that print more than is told while they run; all of it is in the step's notebook. */
  cut: readonly number[] = [];

  /** No more will be told of what a cell prints. */
  endOf(cell: number): void {
    this.cut = [...this.cut, cell];
  }

  /** Add text as a stream wrote it: whole lines or parts of them; a carriage return writes over its line. */
  add(text: string, stream: string, cell: number): void {
    const lines = [...this.lines];
    const parts = text.replace(ANSI, '').split('\n');
    parts.forEach((part, at) => {
      const last = lines[lines.length - 1];
      if (at === 0 && this.open && last.stream === stream && last.cell === cell) {
        lines[lines.length - 1] = { ...last, text: this.written(last.text, part) };
      } else if (part !== '' || at < parts.length - 1) {
        this.returned = false;
        lines.push({ number: this.count++, text: this.written('', part), stream, cell });
      }
    });
    const rest = parts[parts.length - 1];
    this.open = lines.length > 0 && (rest !== '' || (parts.length === 1 && this.open));
    this.dropped += Math.max(lines.length - this.most, 0);
    this.lines = lines.slice(-this.most);
  }

  /** A line after more text: what follows a carriage return stands in place of what was there, as on a terminal. */
  private written(before: string, added: string): string {
    const parts = ((this.returned ? '\r' : '') + added).split('\r');
    this.returned = parts.length > 1 && parts[parts.length - 1] === '';
    const line = parts.slice(1).reduce((kept, part) => part || kept, before + parts[0]);
    return line.length > LINE ? `${line.slice(0, LINE)}…` : line;
  }

  private count = 1;
  /** Whether the last line has not ended yet. */
  private open = false;
  /** Whether the last line ended in a carriage return: what comes next is written over it. */
  private returned = false;
}

/** Text as a terminal shows it, for renderers that know no carriage returns: of a progress bar its last state. */
export function asOnTerminal(text: string): string {
  if (!text.includes('\r')) {
    return text;
  }
  return text
    .split('\n')
    .map(line => line.split('\r').reduce((kept, part) => part || kept, ''))
    .join('\n');
}
