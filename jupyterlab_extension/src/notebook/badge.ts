/** The mark above a code cell: its role and step, what was found in it, and what flows through the step that begins here. */
import { LabIcon } from '@jupyterlab/ui-components';
import { Widget } from '@lumino/widgets';
import type { Role, Severity } from '../api';
import { stepColour } from '../colours';
import { goesOnIcon, roleIcon, severityIcon } from '../icons';

/** What a badge shows. */
export interface IBadge {
  role: Role | null;
  /** What stands on it. */
  text: string;
  /** For assistive technology and as a tooltip. */
  title: string;
  index: number;
  /** Whether the cell only goes on with the step above. */
  isJoined: boolean;
  findings: number;
  worst: Severity | '';
  findingsTitle: string;
  /** What the step receives and gives on, short and in full. */
  flow: string;
  flowTitle: string;
}

function element<K extends keyof HTMLElementTagNameMap>(tag: K, className: string): HTMLElementTagNameMap[K] {
  const found = document.createElement(tag);
  found.className = className;
  return found;
}

/** A button that leaves the focus where it is, and is no stop of the Tab key: a shortcut opens the editor as well. */
function button(className: string, onClick: () => void): HTMLButtonElement {
  const found = element('button', className);
  found.type = 'button';
  found.tabIndex = -1;
  found.addEventListener('mousedown', event => event.stopPropagation());
  found.addEventListener('click', event => {
    event.stopPropagation();
    onClick();
  });
  return found;
}

export class Badge extends Widget {
  constructor(onEdit: () => void) {
    super({ node: element('div', 'jp-KaleLite-strip') });
    this.badge = button('jp-KaleLite-badge', onEdit);
    this.badge.setAttribute('aria-haspopup', 'dialog');
    this.marker = button('jp-KaleLite-marker', onEdit);
    this.flow = element('span', 'jp-KaleLite-flow');
    // The keys of the notebook are not for buttons in it.
    this.node.setAttribute('data-lm-suppress-shortcuts', 'true');
    this.node.append(element('span', 'jp-KaleLite-bar'), this.badge, this.marker, this.flow);
  }

  /** What it is anchored at when the cell's editor is open. */
  get anchor(): HTMLElement {
    return this.badge;
  }

  draw(shown: IBadge): void {
    const key = JSON.stringify(shown);
    if (key === this.drawn) {
      return;
    }
    this.drawn = key;
    this.node.style.setProperty('--jp-KaleLite-colour', stepColour(shown.index));
    this.node.classList.toggle('jp-mod-joined', shown.isJoined);
    this.node.dataset.role = shown.role ?? '';
    this.drawBadge(shown);
    this.drawMarker(shown);
    this.flow.textContent = shown.flow;
    this.flow.title = shown.flowTitle;
  }

  private drawBadge(shown: IBadge): void {
    const icon = shown.isJoined || !shown.role ? goesOnIcon : roleIcon(shown.role);
    const text = element('span', 'jp-KaleLite-badgeText');
    text.textContent = shown.text;
    this.badge.replaceChildren(iconNode(icon), text);
    this.badge.title = shown.title;
    this.badge.setAttribute('aria-label', shown.title);
  }

  private drawMarker(shown: IBadge): void {
    this.marker.hidden = !shown.worst;
    this.marker.className = `jp-KaleLite-marker jp-mod-${shown.worst}`;
    if (shown.worst) {
      const count = shown.findings > 1 ? String(shown.findings) : '';
      this.marker.replaceChildren(iconNode(severityIcon(shown.worst)), count);
      this.marker.title = shown.findingsTitle;
      this.marker.setAttribute('aria-label', shown.findingsTitle);
    }
  }

  private drawn = '';
  private readonly badge: HTMLButtonElement;
  private readonly marker: HTMLButtonElement;
  private readonly flow: HTMLSpanElement;
}

function iconNode(icon: LabIcon): HTMLElement {
  const found = icon.element({ tag: 'span' });
  found.classList.add('jp-KaleLite-icon');
  found.setAttribute('aria-hidden', 'true');
  return found;
}
