/**
 * A box that hangs at an element of the notebook: it follows it, closes by Escape or, once what was typed is taken over, by a
 * click elsewhere, and gives the focus back.
 */
import { ReactWidget } from '@jupyterlab/ui-components';
import { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { Inputs } from './leaving';

const GAP = 4;

export interface IBox {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/**
 * Where a box of this size is placed: below its anchor where it fits there, else above, else where there is more room; always
 * inside `within`. Gives its corner and the height that it may have.
 */
export function placed(
  anchor: IBox,
  size: { width: number; height: number },
  within: IBox
): { left: number; top: number; maxHeight: number } {
  // The anchor may have been scrolled off the page.
  const clamped = (y: number): number => Math.max(within.top, Math.min(y, within.bottom));
  const [upper, lower] = [clamped(anchor.top), clamped(anchor.bottom)];
  const below = within.bottom - lower - 2 * GAP;
  const above = upper - within.top - 2 * GAP;
  const left = Math.max(within.left + GAP, Math.min(anchor.left, within.right - size.width - GAP));
  const room = within.bottom - within.top - 2 * GAP;
  if (size.height <= below || below >= above) {
    const height = Math.min(size.height, Math.max(below, Math.min(room, 240)));
    const top = Math.max(within.top + GAP, Math.min(lower + GAP, within.bottom - height - GAP));
    return { left, top, maxHeight: within.bottom - top - GAP };
  }
  const height = Math.min(size.height, above);
  return { left, top: Math.max(within.top + GAP, upper - height - GAP), maxHeight: above };
}

export abstract class Popover extends ReactWidget {
  /** `anchor` gives the element that the box hangs at, anew each time; null when it is gone. */
  constructor(
    label: string,
    private readonly anchor: () => HTMLElement | null,
    private readonly giveFocusBack: () => void
  ) {
    super();
    this.addClass('jp-KaleLite-popover');
    this.node.setAttribute('role', 'dialog');
    this.node.setAttribute('aria-label', label);
    this.node.tabIndex = -1;
  }

  /** What is asked before a click elsewhere closes the box. */
  readonly inputs = new Inputs();

  open(): void {
    this.before = document.activeElement;
    Widget.attach(this, document.body);
  }

  /** Close the box, and give the focus back to where it was. */
  close(): void {
    const hadFocus = this.node.contains(document.activeElement) || document.activeElement === document.body;
    const before = this.before;
    this.dispose();
    if (hadFocus) {
      if (before instanceof HTMLElement && before.isConnected && before !== document.body && !before.closest('.jp-KaleLite-strip')) {
        before.focus();
      } else {
        this.giveFocusBack();
      }
    }
  }

  place = (): void => {
    const anchor = this.isDisposed ? null : this.anchor();
    if (!anchor?.isConnected) {
      return;
    }
    this.node.style.maxHeight = '';
    const { width, height } = this.node.getBoundingClientRect();
    const within = { left: 0, top: 0, right: window.innerWidth, bottom: window.innerHeight };
    const where = placed(anchor.getBoundingClientRect(), { width, height: Math.max(height, this.node.scrollHeight) }, within);
    this.node.style.left = `${where.left}px`;
    this.node.style.top = `${where.top}px`;
    this.node.style.maxHeight = `${where.maxHeight}px`;
  };

  handleEvent(event: Event): void {
    if (event.type === 'pointerdown') {
      void this.onPointerDown(event);
    } else if (event.type === 'keydown') {
      this.onKey(event as KeyboardEvent);
    } else if (!(event.target instanceof Node && this.node.contains(event.target))) {
      this.place();
    }
  }

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    document.addEventListener('scroll', this, true);
    document.addEventListener('pointerdown', this, true);
    window.addEventListener('resize', this);
    this.node.addEventListener('keydown', this);
    this.observer = new ResizeObserver(this.place);
    this.observer.observe(this.node);
    this.place();
  }

  protected onBeforeDetach(message: Message): void {
    document.removeEventListener('scroll', this, true);
    document.removeEventListener('pointerdown', this, true);
    window.removeEventListener('resize', this);
    this.node.removeEventListener('keydown', this);
    this.observer?.disconnect();
    super.onBeforeDetach(message);
  }

  private async onPointerDown(event: Event): Promise<void> {
    const target = event.target;
    const isOutside = target instanceof Element && !this.node.contains(target) && !target.closest('.lm-Menu, .jp-Dialog');
    if (isOutside && (await this.inputs.take()) && !this.isDisposed) {
      this.close();
    }
  }

  private onKey(event: KeyboardEvent): void {
    if (event.key === 'Escape' && !event.defaultPrevented) {
      event.stopPropagation();
      this.close();
    } else if (event.key === 'Tab') {
      this.keepFocus(event);
    }
  }

  /** The Tab key goes round inside. */
  private keepFocus(event: KeyboardEvent): void {
    const all = [...this.node.querySelectorAll<HTMLElement>('button, input, select, textarea, a[href]')].filter(
      one => !one.hasAttribute('disabled') && one.tabIndex >= 0 && one.offsetParent !== null
    );
    const edge = event.shiftKey ? all[0] : all[all.length - 1];
    if (all.length && (document.activeElement === edge || document.activeElement === this.node)) {
      event.preventDefault();
      (event.shiftKey ? all[all.length - 1] : all[0]).focus();
    }
  }

  private before: Element | null = null;
  private observer: ResizeObserver | null = null;
}
