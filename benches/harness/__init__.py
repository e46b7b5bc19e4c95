"""The benchmarks of Gable. `benches/README.md` describes what each of them measures."""
