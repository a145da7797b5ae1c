//= attack = "A template that instantiates itself with twice as many arguments at each of forty levels."
//= verdict = "compile_error"
//= compile = ["memory_exceeded", "cpu_time_exceeded", "wall_time_exceeded"]
template <int Level, class... Types>
struct Bomb {
  using type = typename Bomb<Level - 1, Types..., Types...>::type;
};

template <class... Types>
struct Bomb<0, Types...> {
  using type = int;
};

int main() {
  return Bomb<40, int>::type();
}
