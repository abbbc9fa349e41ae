/** What is wrong with a table, where, and what to do about it. */
export interface LutProblem {
  /** Key of the entry, or its place in the file where it has none; absent for the table as a whole. */
  entry?: string;
  message: string;
  remedy: string;
}
