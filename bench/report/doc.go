// Package report writes what was measured into a folder: one HTML page with
// tables and drawings that needs no network, a HdrHistogram log for each set of
// latencies, and the results as lines of JSON.
package report
