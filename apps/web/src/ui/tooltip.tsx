'use client';
import {
  cloneElement,
  type FocusEvent,
  type PointerEvent,
  type ReactElement,
  type ReactNode,
  useEffect,
  useRef,
  useState,
} from 'react';
import { createPortal } from 'react-dom';

type Side = 'top' | 'bottom' | 'left' | 'right';
type Handlers = {
  onPointerEnter?: (event: PointerEvent<HTMLElement>) => void;
  onPointerLeave?: (event: PointerEvent<HTMLElement>) => void;
  onPointerDown?: (event: PointerEvent<HTMLElement>) => void;
  onFocus?: (event: FocusEvent<HTMLElement>) => void;
  onBlur?: (event: FocusEvent<HTMLElement>) => void;
};

const DELAY = 350;
const GAP = 6;

/** Text on hover and keyboard focus. It repeats or refines what is there already: never the only place of a fact. */
export function Tooltip({
  text,
  children,
  side = 'top',
}: {
  text: ReactNode;
  children: ReactElement<Handlers>;
  side?: Side;
}) {
  const [anchor, setAnchor] = useState<DOMRect | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const hide = () => {
    clearTimeout(timer.current);
    setAnchor(null);
  };
  const show = (element: HTMLElement, delay: number) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => element.isConnected && setAnchor(element.getBoundingClientRect()), delay);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  useEffect(() => {
    if (!anchor) return;
    const onKey = (event: KeyboardEvent) => event.key === 'Escape' && setAnchor(null);
    const gone = () => setAnchor(null);
    addEventListener('keydown', onKey, true);
    addEventListener('scroll', gone, true);
    return () => {
      removeEventListener('keydown', onKey, true);
      removeEventListener('scroll', gone, true);
    };
  }, [anchor]);

  const own = children.props;
  const trigger = cloneElement(children, {
    onPointerEnter: (event) => {
      own.onPointerEnter?.(event);
      if (event.pointerType !== 'touch') show(event.currentTarget, DELAY);
    },
    onPointerLeave: (event) => {
      own.onPointerLeave?.(event);
      hide();
    },
    onPointerDown: (event) => {
      own.onPointerDown?.(event);
      hide();
    },
    onFocus: (event) => {
      own.onFocus?.(event);
      if (event.currentTarget.matches(':focus-visible')) show(event.currentTarget, 0);
    },
    onBlur: (event) => {
      own.onBlur?.(event);
      hide();
    },
  });
  return (
    <>
      {trigger}
      {anchor && createPortal(<Bubble anchor={anchor} side={side} text={text} />, document.body)}
    </>
  );
}

/** Beside its anchor, and within the window. */
function Bubble({ anchor, side, text }: { anchor: DOMRect; side: Side; text: ReactNode }) {
  const bubble = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = bubble.current;
    if (!element) return;
    const { width, height } = element.getBoundingClientRect();
    const middle = { left: anchor.left + (anchor.width - width) / 2, top: anchor.top + (anchor.height - height) / 2 };
    const above = anchor.top - height - GAP;
    const below = anchor.bottom + GAP;
    const place = {
      top: { left: middle.left, top: above < 4 ? below : above },
      bottom: { left: middle.left, top: below + height > innerHeight - 4 ? above : below },
      left: { left: anchor.left - width - GAP, top: middle.top },
      right: { left: anchor.right + GAP, top: middle.top },
    }[side];
    element.style.left = `${Math.max(4, Math.min(innerWidth - width - 4, place.left))}px`;
    element.style.top = `${Math.max(4, place.top)}px`;
    element.style.visibility = 'visible';
  }, [anchor, side]);
  return (
    <div
      ref={bubble}
      role="tooltip"
      className="floating pointer-events-none invisible fixed top-0 left-0 z-70 max-w-80 rounded-control px-2 py-1 text-sm"
    >
      {text}
    </div>
  );
}
