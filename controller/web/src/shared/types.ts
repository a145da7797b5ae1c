/** What the controller's API speaks of; its own description is at /openapi.json. Fields are as they come. */

export interface ProblemBody {
  status: number;
  title?: string;
  detail?: string;
  field?: string;
  retry_after?: number;
}

export type Verdict =
  | 'ok'
  | 'wrong_answer'
  | 'runtime_error'
  | 'compile_error'
  | 'cpu_time_exceeded'
  | 'wall_time_exceeded'
  | 'memory_exceeded'
  | 'output_exceeded'
  | 'cancelled'
  | 'internal_error';

export type JobState = 'queued' | 'running' | 'finished';

export interface Limits {
  cpu_seconds: number;
  wall_seconds: number;
  memory_bytes: number;
  processes: number;
  output_bytes: number;
  disk_bytes: number;
}
export type LimitsRequest = Partial<Limits>;

/** Text, or bytes that are not UTF-8. */
export type Content = string | { base64: string };

export interface SourceFile {
  path: string;
  content?: string;
  base64?: string;
}

/** How much numbers may differ: one of the two is enough. Both are 0.000001 where absent. */
export interface Tolerance {
  absolute?: number;
  relative?: number;
}

export type Checker = 'trimmed' | 'exact' | 'tokens' | 'unordered_lines' | 'custom' | { float: Tolerance };

/** A program that judges another one. */
export interface Judge {
  language: string;
  files: SourceFile[];
  main?: string;
  compile_args?: string[];
  limits?: LimitsRequest;
}

/** In characters. */
export interface TerminalSize {
  rows: number;
  columns: number;
}

export interface RunSpec {
  name?: string;
  args?: string[];
  stdin?: Content;
  expect?: { stdout: Content; checker?: Checker };
  /** 1 where absent. */
  weight?: number;
  /** Runs of one group count for as much as the worst of them. */
  group?: string;
  limits?: LimitsRequest;
}

export interface JobSpec {
  language: string;
  files: SourceFile[];
  main?: string;
  args?: string[];
  stdin?: Content;
  env?: Record<string, string>;
  compile_args?: string[];
  limits?: LimitsRequest;
  runs?: RunSpec[];
  stop_on_failure?: boolean;
  /** How many runs may be under way at once; 1 where absent. */
  parallel?: number;
  checker?: Judge;
  interactor?: Judge;
  /** Patterns of the files to keep. */
  artifacts?: string[];
  terminal?: TerminalSize;
  labels?: Record<string, string>;
}

export interface Usage {
  cpu_ms: number;
  wall_ms: number;
  memory_bytes: number;
}

/** What a job's own checker or interactor said. Only the job's owner is told. */
export interface Check {
  /** Why it is no judgement. */
  fault?: string;
  output?: Content;
}

/** A file that a run left. */
export interface Artifact {
  path: string;
  size: number;
}

export interface Score {
  points: number;
  of: number;
}

export interface StepResult {
  name?: string;
  verdict: Verdict;
  exit_code?: number;
  signal?: number;
  stdout?: Content;
  stderr?: Content;
  truncated: boolean;
  flags: string[];
  usage: Usage;
  /** The part of its weight that a wrong answer is worth all the same. */
  partial?: number;
  check?: Check;
  artifacts?: Artifact[];
}

export interface JobSummary {
  id: string;
  state: JobState;
  verdict?: Verdict;
  message?: string;
  language: string;
  labels?: Record<string, string>;
  owner?: string;
  runner?: string;
  attempts: number;
  usage: Usage;
  queued_at: string;
  started_at?: string;
  finished_at?: string;
}

export interface Job extends Omit<JobSummary, 'usage'> {
  position?: number;
  compile?: StepResult;
  runs: StepResult[];
  score?: Score;
}

export interface JobPage {
  jobs: JobSummary[];
  next_cursor?: string;
}

export interface JobAttempt {
  attempt: number;
  runner: string;
  started_at: string;
  ended_at?: string;
  end?: 'finished' | 'refused' | 'lost';
  reason?: string;
}

export interface Accepted {
  id: string;
  state: JobState;
  position: number;
}

/** 0 is the compilation, n (from 1) is the n-th run. */
export type Step = number;

export type JobEvent =
  | { type: 'queued'; position: number }
  | { type: 'started'; runner: string; attempt: number }
  | { type: 'step_started'; step: Step }
  | { type: 'output'; step: Step; stream: 'stdout' | 'stderr'; data: Content }
  | { type: 'step_finished'; step: Step; result: StepResult }
  | { type: 'restarted'; attempt: number; reason: string }
  | { type: 'finished'; job: Job };

export interface LanguageInfo {
  id: string;
  name: string;
  aliases: string[];
  extensions: string[];
  versions: string[];
  runners: number;
  default_limits: Limits;
  maximum_limits: Limits;
}

export interface Telemetry {
  cpu_percent: number;
  memory_percent: number;
  load: number;
  active_jobs: number;
  active_containers: number;
  warm?: Record<string, number>;
  unavailable?: string;
  draining?: boolean;
}

export interface RunnerSettings {
  paused: boolean;
  max_jobs?: number;
  max_cpu_percent?: number;
  max_memory_percent?: number;
}

export interface RunnerInfo {
  id: string;
  name: string;
  version: string;
  /** The API calls a paused one unavailable; its settings say why. */
  state: 'available' | 'unavailable' | 'draining' | 'paused';
  reason?: string;
  languages: string[];
  max_jobs: number;
  /** What it would take by itself. */
  offers_jobs?: number;
  assigned_jobs: number;
  cpus: number;
  memory_bytes: number;
  connected_at: string;
  started_at?: string;
  selftest?: { at: string; attacks: number; failed: string[] };
  telemetry?: Telemetry;
  labels?: Record<string, string>;
  settings?: RunnerSettings;
}

export interface Activity {
  at: string;
  window_seconds: number;
  submitted: number;
  started: number;
  finished: number;
  jobs_per_second: number;
  wait_ms: { p50: number; p95: number; max: number };
  verdicts: Partial<Record<Verdict, number>>;
  queued_by_language: Record<string, number>;
}

export interface ClusterInfo {
  version: string;
  started_at: string;
  runners: number;
  available_runners: number;
  slots: number;
  queued: number;
  running: number;
  max_queue: number;
  draining: boolean;
  activity?: Activity;
}

export interface Sample {
  runner: string;
  at: string;
  cpu_percent: number;
  memory_percent: number;
  active_jobs: number;
  active_containers: number;
}

export type Role = 'user' | 'teacher' | 'admin';
export type Scope = 'submit' | 'read' | 'cancel' | 'account' | 'admin';

export interface Me {
  name?: string;
  role?: Role;
  groups?: string[];
  scopes?: Scope[];
}

export interface Settings {
  version: string;
  sharing: boolean;
  anonymous_use: 'loopback' | 'off' | 'everywhere';
  has_accounts: boolean;
  encrypted: boolean;
  max_body: number;
  clients_port: number;
  runners_port: number;
  http_port: number;
}
