'use client';
import {
  type ComponentType,
  cloneElement,
  createContext,
  lazy,
  type ReactElement,
  type ReactNode,
  Suspense,
  useContext,
  useState,
} from 'react';

export type MenuProps = {
  trigger: ReactElement;
  children: ReactNode;
  align?: 'start' | 'center' | 'end';
  side?: 'top' | 'bottom' | 'left' | 'right';
};
export type MenuItemProps = {
  icon?: ReactNode;
  children: ReactNode;
  hint?: ReactNode;
  danger?: boolean;
  disabled?: boolean;
  onSelect: () => void;
};
export type MenuCheckboxProps = { checked: boolean; onChange: (checked: boolean) => void; children: ReactNode };
export type MenuRadioGroupProps = {
  value: string;
  onChange: (value: string) => void;
  options: readonly { value: string; label: string }[];
  label: string;
};
export type MenuParts = {
  Item: ComponentType<MenuItemProps>;
  CheckboxItem: ComponentType<MenuCheckboxProps>;
  RadioGroup: ComponentType<MenuRadioGroupProps>;
  Separator: ComponentType;
};

/** What the items are made of comes with the menu itself, which is loaded when its trigger is first reached. */
export const MenuPartsContext = createContext<MenuParts | null>(null);

const load = () => import('./menu-parts.tsx');
const OpenMenu = lazy(() => load().then((parts) => ({ default: parts.OpenMenu })));

type TriggerProps = {
  'aria-haspopup': 'menu';
  'aria-expanded': boolean;
  onPointerEnter: () => void;
  onFocus: () => void;
  onClick: () => void;
};

/** A menu under its trigger. */
export function Menu(props: MenuProps) {
  const [wanted, setWanted] = useState(false);
  const preload = () => void load();
  const trigger = cloneElement(props.trigger as ReactElement<TriggerProps>, {
    'aria-haspopup': 'menu',
    'aria-expanded': false,
    onPointerEnter: preload,
    onFocus: preload,
    onClick: () => setWanted(true),
  });
  if (!wanted) return trigger;
  return (
    <Suspense fallback={trigger}>
      <OpenMenu {...props} />
    </Suspense>
  );
}

function useParts(): MenuParts {
  const parts = useContext(MenuPartsContext);
  if (!parts) throw new Error('a menu item outside of a menu');
  return parts;
}

export function MenuItem(props: MenuItemProps) {
  const { Item } = useParts();
  return <Item {...props} />;
}

export function MenuCheckbox(props: MenuCheckboxProps) {
  const { CheckboxItem } = useParts();
  return <CheckboxItem {...props} />;
}

export function MenuRadioGroup(props: MenuRadioGroupProps) {
  const { RadioGroup } = useParts();
  return <RadioGroup {...props} />;
}

export function MenuSeparator() {
  const { Separator } = useParts();
  return <Separator />;
}
