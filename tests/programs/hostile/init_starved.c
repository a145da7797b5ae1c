//= attack = "Gives the box's first process the lowest priority there is, leaves busy processes behind and ends: whoever has to kill them gets no processor."
//= verdict = ["ok", "cpu_time_exceeded", "wall_time_exceeded"]
//= limits = { cpu_seconds = 2.0, wall_seconds = 2.0 }
#define _GNU_SOURCE
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

int main(void) {
  sched_setscheduler(1, SCHED_IDLE, &(struct sched_param){0});
  setpriority(PRIO_PROCESS, 1, 19);
  for (int i = 0; i < 40; i++)
    if (fork() == 0)
      for (;;) {
      }
}
