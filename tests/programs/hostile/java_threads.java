//= attack = "Java starts threads without end, none of which ends."
//= verdict = ["wall_time_exceeded", "cpu_time_exceeded"]
//= limits = { cpu_seconds = 2.0, wall_seconds = 1.5 }
//= flags = ["process_limit"]
class Main {
    public static void main(String[] args) {
        while (true) {
            try {
                new Thread(Main::sleep).start();
            } catch (OutOfMemoryError refused) {
                sleep();
            }
        }
    }

    static void sleep() {
        try {
            Thread.sleep(3_600_000);
        } catch (InterruptedException nobody) {
            throw new IllegalStateException(nobody);
        }
    }
}
