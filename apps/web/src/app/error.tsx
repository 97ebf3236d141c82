'use client';
export { PageError as default } from './_shell/page-error.tsx';
