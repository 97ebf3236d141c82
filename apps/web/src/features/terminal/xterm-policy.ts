import type { Terminal } from '@xterm/xterm';

/**
 * xterm writes its theme into `<style>` elements and some colours into `style`
 * attributes; the content security policy of the site forbids both. While a
 * terminal is opened it is handed stand-ins that put the same rules into
 * constructed style sheets, and the colours go through the CSSOM: both are
 * what the policy means to allow, since no markup can do it.
 */
export function openUnderPolicy(terminal: Terminal, parent: HTMLElement): void {
  const create = document.createElement;
  Object.defineProperty(document, 'createElement', {
    configurable: true,
    value: (name: string, options?: ElementCreationOptions) =>
      name.toLowerCase() === 'style' ? styleStandIn(create) : create.call(document, name, options),
  });
  try {
    terminal.open(parent);
  } finally {
    // The own property goes, the prototype's method shows again.
    Reflect.deleteProperty(document, 'createElement');
  }
  colourByObject(terminal);
}

function styleStandIn(create: Document['createElement']): HTMLElement {
  const element = create.call(document, 'span');
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets.push(sheet);
  element.hidden = true;
  Object.defineProperty(element, 'textContent', { set: (css: string) => sheet.replaceSync(css), get: () => '' });
  element.remove = () => {
    Element.prototype.remove.call(element);
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((each) => each !== sheet);
  };
  return element;
}

type RowFactory = { _addStyle?: (element: HTMLElement, style: string) => void };
type Internals = { _core?: { _renderService?: { _renderer?: { value?: { _rowFactory?: RowFactory } } } } };

/** Not in xterm's types: without it true colours stay plain, and nothing else breaks. */
function colourByObject(terminal: Terminal): void {
  const factory = (terminal as unknown as Internals)._core?._renderService?._renderer?.value?._rowFactory;
  if (!factory?._addStyle) return;
  factory._addStyle = (element, style) => {
    element.style.cssText += `;${style}`;
  };
}
