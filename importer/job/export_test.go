package job

// ChecksFrom makes the runner keep what the checks of files of so many bytes found.
func (r *Runner) ChecksFrom(size int64) { r.checksFrom = size }
