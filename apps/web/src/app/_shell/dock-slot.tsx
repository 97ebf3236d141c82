'use client';

/** The region at the bottom that holds terminals and long jobs and survives navigation. */
export function DockSlot() {
  return null;
}
