//= attack = "Java ends, with an exit hook that never does."
//= verdict = "wall_time_exceeded"
//= limits = { cpu_seconds = 3.0, wall_seconds = 1.5 }
class Main {
    public static void main(String[] args) {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            while (true) {
                try {
                    Thread.sleep(3_600_000);
                } catch (InterruptedException nobody) {
                    Thread.yield();
                }
            }
        }));
        System.exit(0);
    }
}
