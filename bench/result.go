package bench

// Result is one measured scenario. Fields that do not apply are absent from its
// JSON form.
type Result struct {
	Scenario string `json:"scenario"`
	Peer     string `json:"peer,omitempty"` // in compare: who was measured
	Version  string `json:"version,omitempty"`
	Options  string `json:"options,omitempty"` // how the peer was used
	Absent   string `json:"absent,omitempty"`  // why the peer was not measured

	API     string `json:"api,omitempty"`   // "lane" or "typed"
	Codec   string `json:"codec,omitempty"` // "raw", "fixed", "gob", "zstd"
	Wait    string `json:"wait,omitempty"`
	Size    int    `json:"size,omitempty"`  // payload bytes of a message
	Batch   int    `json:"batch,omitempty"` // messages made visible together
	Workers int    `json:"workers,omitempty"`
	Cores   []int  `json:"cores,omitempty"` // of the measured processes, in their order
	Rate    int    `json:"rate,omitempty"`  // intended messages per second

	Runs     int     `json:"runs"`              // that counted
	Dropped  int     `json:"dropped,omitempty"` // left out, since the floors around them disagreed
	Messages int64   `json:"messages,omitempty"`
	Seconds  float64 `json:"seconds,omitempty"` // of measuring, all runs together
	Partial  bool    `json:"partial,omitempty"` // interrupted: fewer runs than asked for

	MsgsPerSec  *Spread      `json:"msgs_per_sec,omitempty"`
	BytesPerSec float64      `json:"bytes_per_sec,omitempty"`
	Nanos       *Percentiles `json:"ns,omitempty"`

	Floor *Floor  `json:"floor,omitempty"`
	Ratio float64 `json:"ratio,omitempty"` // to the floor, in its unit: below 1 is faster for times, above 1 for rates

	CPUPercent         []float64 `json:"cpu_percent,omitempty"` // per process
	SyscallsPerMillion *float64  `json:"syscalls_per_million,omitempty"`
	AllocsPerMessage   *float64  `json:"allocs_per_message,omitempty"`
	Noisy              bool      `json:"noisy"` // the machine's state changed between runs
}

// Spread is a figure over the runs.
type Spread struct {
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
	Max    float64 `json:"max"`
}

// Percentiles are nanoseconds.
type Percentiles struct {
	Min  float64 `json:"min"`
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
	Max  float64 `json:"max"`
}

// Floor is what the machine does without any library, measured right before and
// after each run.
type Floor struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"` // "ns" or "msgs/s"
}
