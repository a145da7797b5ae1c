//= attack = "Java starts processes without end (Runtime.exec) and minds no refusal."
//= verdict = ["wall_time_exceeded", "cpu_time_exceeded"]
//= limits = { cpu_seconds = 2.0, wall_seconds = 2.0 }
//= flags = ["process_limit"]
class Main {
    public static void main(String[] args) {
        while (true) {
            try {
                Runtime.getRuntime().exec(new String[] {"sleep", "3600"});
            } catch (java.io.IOException refused) {
                Thread.yield();
            }
        }
    }
}
