/** Types and sizes of the values that a notebook's kernel holds, asked silently while it has nothing to do. */
import type { ISessionContext } from '@jupyterlab/apputils';
import type { Kernel, KernelMessage } from '@jupyterlab/services';
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

/** So many names are asked for at most. */
const MOST = 400;

const KEY = 'kale_lite';

/**
 * A Python expression that gives types and sizes of names as JSON in hexadecimal digits. It binds no name, calls no code of
 * the user and nothing that could take long: `shape` only of libraries where that is an attribute, `len` only of built-in types.
 */
export function question(names: readonly string[]): string {
  const list = names.filter(name => /^[^\W\d]\w*$/u.test(name)).slice(0, MOST);
  const roots = ['numpy', 'pandas', 'geopandas', 'polars', 'scipy', 'torch', 'jax', 'jaxlib', 'cupy', 'tensorflow', 'xarray', 'pyarrow'];
  const quoted = (words: readonly string[]): string => `(${words.map(word => `'${word}',`).join('')})`;
  return `(lambda b, g, j: j.dumps({n: (lambda t, v: (t.__name__, b.str('×').join(b.map(b.str, v.shape))
 if b.str(t.__module__).split('.')[0] in ${quoted(roots)} and t.__name__ != 'LazyFrame' and b.isinstance(b.getattr(v, 'shape', None), b.tuple)
 else b.str(b.len(v)) if t in (b.list, b.tuple, b.dict, b.set, b.frozenset, b.str, b.bytes) else ''))(b.type(g[n]), g[n])
 for n in ${quoted(list)} if n in g}).encode().hex())(__import__('builtins'), __import__('builtins').globals(), __import__('json'))`.replace(/\n/g, '');
}

/** What the kernel answered: by name the type with its size, such as `DataFrame 569×31`. */
export function answer(reply: string): Map<string, string> {
  const digits = reply.replace(/[^0-9a-f]/g, '');
  const bytes = new Uint8Array((digits.match(/../g) ?? []).map(pair => parseInt(pair, 16)));
  const found = JSON.parse(new TextDecoder().decode(bytes)) as { [name: string]: [string, string] };
  return new Map(Object.entries(found).map(([name, [type, size]]) => [name, size ? `${type} ${size}` : type]));
}

export class KernelValues implements IDisposable {
  constructor(private readonly session: ISessionContext) {
    session.iopubMessage.connect(this.onMessage, this);
    session.statusChanged.connect(this.onStatus, this);
    session.kernelChanged.connect(this.onKernel, this);
  }

  isDisposed = false;
  values = new Map<string, string>();

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Say which names are of interest. */
  watch(names: readonly string[]): void {
    const key = names.join();
    if (key !== this.names.join()) {
      this.names = [...names];
      this.isOutdated = true;
      this.ask();
    }
  }

  dispose(): void {
    if (!this.isDisposed) {
      this.isDisposed = true;
      this.session.iopubMessage.disconnect(this.onMessage, this);
      this.session.statusChanged.disconnect(this.onStatus, this);
      this.session.kernelChanged.disconnect(this.onKernel, this);
      Signal.clearData(this);
    }
  }

  private onMessage(_: ISessionContext, message: KernelMessage.IMessage): void {
    // Silent questions, our own among them, send no such message.
    if (message.header.msg_type === 'execute_input') {
      this.isOutdated = true;
    }
  }

  private onStatus(_: ISessionContext, status: Kernel.Status): void {
    if (status === 'restarting' || status === 'autorestarting' || status === 'terminating' || status === 'dead') {
      this.forget();
    } else if (status === 'idle') {
      this.ask();
    }
  }

  private onKernel(): void {
    this.forget();
    this.isOutdated = true;
  }

  private forget(): void {
    if (this.values.size) {
      this.values = new Map();
      this._changed.emit();
    }
  }

  private ask(): void {
    const kernel = this.session.session?.kernel;
    if (!kernel || kernel.status !== 'idle' || !this.isOutdated || this.isAsking || !this.names.length) {
      return;
    }
    this.isOutdated = false;
    this.isAsking = true;
    void this.asked(kernel)
      .catch(() => undefined)
      .then(() => {
        this.isAsking = false;
      });
  }

  private async asked(kernel: Kernel.IKernelConnection): Promise<void> {
    const info = await kernel.info;
    if (info.language_info.name !== 'python' || this.isDisposed) {
      return;
    }
    const future = kernel.requestExecute(
      { code: '', silent: true, store_history: false, user_expressions: { [KEY]: question(this.names) }, allow_stdin: false },
      true
    );
    const reply = await future.done;
    const said = reply?.content.status === 'ok' ? reply.content.user_expressions?.[KEY] : undefined;
    const text = (said as { data?: { [mime: string]: unknown } } | undefined)?.data?.['text/plain'];
    if (typeof text === 'string' && !this.isDisposed) {
      this.values = answer(text);
      this._changed.emit();
    }
  }

  private names: string[] = [];
  private isOutdated = true;
  private isAsking = false;
  private readonly _changed = new Signal<this, void>(this);
}
