/** One run followed over a channel that may break: it is opened again, and the run is asked for meanwhile. No DOM. */
import { IDisposable } from '@lumino/disposable';
import type { Api, IRun, IRunEvent } from '../api';
import { hasEnded } from './events';

/**
 * How a run is followed: over the `live` channel; `asking` for its state now and then, because there is no channel; not
 * at all for now (`lost`, it is tried again); not any more, because it `ended` or is `gone`.
 */
export type Link = 'live' | 'asking' | 'lost' | 'ended' | 'gone';

export interface IFollowHooks {
  onEvent(n: number, event: IRunEvent): void;
  onRun(run: IRun): void;
  onLink(link: Link, why?: unknown): void;
}

const SHORTEST = 500;
const LONGEST = { lost: 10_000, asking: 3_000 };
/** Milliseconds of silence after which it is asked whether the channel is still alive: a laptop may have slept. */
const SILENCE = 20_000;
const OPENING = 10_000;

export class RunFollower implements IDisposable {
  /** Follow run `id`, its events from number `next`. */
  constructor(
    private readonly api: Pick<Api, 'events' | 'run'>,
    private readonly id: number,
    private next: number,
    private readonly hooks: IFollowHooks
  ) {
    this.open();
  }

  link: Link = 'asking';
  isDisposed = false;

  /** Try again now, not after the pause. */
  retry(): void {
    if (!this.isDisposed && this.link !== 'live') {
      this.pause = SHORTEST;
      void this.ask();
    }
  }

  dispose(): void {
    this.isDisposed = true;
    clearTimeout(this.timer);
    this.closeSocket();
  }

  private open(): void {
    this.closeSocket();
    let socket: WebSocket;
    try {
      socket = this.api.events(this.id, this.next);
    } catch {
      this.later();
      return;
    }
    this.socket = socket;
    socket.onopen = () => {
      this.listen();
      this.setLink('live');
    };
    socket.onmessage = message => this.onMessage(String(message.data));
    socket.onclose = () => this.onClosed(socket);
    socket.onerror = () => undefined; // the close that follows says all there is to know
    this.timer = setTimeout(() => this.onClosed(socket), OPENING);
  }

  private onMessage(text: string): void {
    if (this.isDisposed) {
      return;
    }
    this.listen();
    const data = JSON.parse(text) as { closed?: boolean; n?: number; event?: IRunEvent };
    if (data.closed) {
      this.closeSocket();
      void this.ask();
      return;
    }
    this.pause = SHORTEST;
    if (data.event && typeof data.n === 'number' && data.n >= this.next) {
      this.next = data.n + 1;
      this.hooks.onEvent(data.n, data.event);
    }
  }

  private onClosed(socket: WebSocket): void {
    if (socket === this.socket && !this.isDisposed) {
      this.closeSocket();
      void this.ask();
    }
  }

  /** Ask for the run as a whole: whether it ended, and how it stands while there is no channel. */
  private async ask(): Promise<void> {
    clearTimeout(this.timer);
    const mine = ++this.asked;
    let run: IRun;
    try {
      run = await this.api.run(this.id);
    } catch (error) {
      if (mine === this.asked && !this.isDisposed) {
        this.onRefused(error);
      }
      return;
    }
    if (mine !== this.asked || this.isDisposed) {
      return;
    }
    if (this.socket !== null && !hasEnded(run) && run.events <= this.next) {
      this.listen(); // the channel was silent because nothing happened
      return;
    }
    this.closeSocket();
    this.hooks.onRun(run);
    if (hasEnded(run)) {
      this.setLink('ended');
      this.dispose();
    } else {
      this.pause = this.link === 'lost' ? SHORTEST : this.pause;
      this.setLink('asking');
      this.later();
    }
  }

  private onRefused(error: unknown): void {
    this.closeSocket();
    if ((error as { status?: number }).status === 404) {
      this.setLink('gone', error);
      this.dispose();
    } else {
      this.setLink('lost', error);
      this.later();
    }
  }

  /** Open the channel again after a pause, which grows; while the server is away it is asked first. */
  private later(): void {
    clearTimeout(this.timer);
    const pause = this.pause;
    this.pause = Math.min(this.pause * 2, this.link === 'lost' ? LONGEST.lost : LONGEST.asking);
    this.timer = setTimeout(() => (this.link === 'lost' ? void this.ask() : this.open()), pause);
  }

  private listen(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.ask(), SILENCE);
  }

  private setLink(link: Link, why?: unknown): void {
    this.link = link;
    this.hooks.onLink(link, why);
  }

  private closeSocket(): void {
    const socket = this.socket;
    this.socket = null;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
  }

  private socket: WebSocket | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private pause = SHORTEST;
  private asked = 0;
}
