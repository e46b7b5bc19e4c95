fn main() {
    gable_build::build();
}
