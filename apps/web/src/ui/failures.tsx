import { Problem } from './problem.tsx';

/** What went wrong with several objects, one by one, until it is put away. */
export function Failures({
  failures,
  onChange,
}: {
  failures: readonly { title: string; message: string }[];
  onChange: (failures: { title: string; message: string }[]) => void;
}) {
  return failures.map((failure) => (
    <Problem
      key={failure.title}
      title={failure.title}
      className="mx-6 mb-3 max-md:mx-4"
      onDismiss={() => onChange(failures.filter((one) => one !== failure))}
    >
      {failure.message}
    </Problem>
  ));
}
