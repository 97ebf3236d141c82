'use client';
import { Menu as Base } from '@base-ui/react/menu';
import { Check } from 'lucide-react';
import type { ReactNode } from 'react';
import { cx } from './class-names.ts';
import {
  type MenuCheckboxProps,
  type MenuItemProps,
  type MenuParts,
  MenuPartsContext,
  type MenuProps,
  type MenuRadioGroupProps,
} from './menu.tsx';

const item =
  'flex h-8 w-full cursor-default select-none items-center gap-2.5 rounded-control px-2 outline-none data-[highlighted]:bg-hover data-[disabled]:opacity-45 max-md:h-11';

function Item({ icon, children, hint, danger, disabled, onSelect }: MenuItemProps) {
  return (
    <Base.Item className={cx(item, danger && 'text-bad')} disabled={disabled} onClick={onSelect}>
      <span className={cx('flex size-4 items-center justify-center', !danger && 'text-muted')}>{icon}</span>
      <span className="flex-1">{children}</span>
      {hint && <span className="text-faint text-sm">{hint}</span>}
    </Base.Item>
  );
}

function Indicator({ children }: { children: ReactNode }) {
  return <span className="flex size-4 items-center justify-center">{children}</span>;
}

function CheckboxItem({ checked, onChange, children }: MenuCheckboxProps) {
  return (
    <Base.CheckboxItem className={item} checked={checked} onCheckedChange={onChange} closeOnClick={false}>
      <Indicator>
        <Base.CheckboxItemIndicator>
          <Check className="size-3.5" />
        </Base.CheckboxItemIndicator>
      </Indicator>
      {children}
    </Base.CheckboxItem>
  );
}

function RadioGroup({ value, onChange, options, label }: MenuRadioGroupProps) {
  return (
    <Base.Group>
      <Base.GroupLabel className="px-2 py-1 text-faint text-xs">{label}</Base.GroupLabel>
      <Base.RadioGroup value={value} onValueChange={onChange}>
        {options.map((option) => (
          <Base.RadioItem key={option.value} value={option.value} className={item} closeOnClick={false}>
            <Indicator>
              <Base.RadioItemIndicator>
                <Check className="size-3.5" />
              </Base.RadioItemIndicator>
            </Indicator>
            {option.label}
          </Base.RadioItem>
        ))}
      </Base.RadioGroup>
    </Base.Group>
  );
}

function Separator() {
  return <Base.Separator className="my-1 border-t" />;
}

const parts: MenuParts = { Item, CheckboxItem, RadioGroup, Separator };

/** Rendered when its trigger has been pressed: open from the start. */
export function OpenMenu({ trigger, children, align = 'end', side = 'bottom' }: MenuProps) {
  return (
    <Base.Root modal={false} defaultOpen>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner align={align} side={side} sideOffset={4} className="z-50 outline-none">
          <Base.Popup className="floating max-h-[70dvh] min-w-44 overflow-y-auto p-1 outline-none">
            <MenuPartsContext.Provider value={parts}>{children}</MenuPartsContext.Provider>
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
